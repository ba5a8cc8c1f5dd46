;; The inner loops of sampling: what box-sampler.ts, aligned-sampler.ts and frame-shrinker.ts do for every sample. All addresses and
;; strides are in bytes. Loops that take sixteen bytes at a time read and write up to fifteen beyond what they are asked for.
;; `npm run generate` makes kernel.ts of it.
(module
  (import "sampling" "memory" (memory 1))

  ;; Means of blocks of 4x4 bytes, as f32: `columns` (a multiple of 4) by `rows` of them from rows of `stride` bytes.
  (func (export "fours") (param $from i32) (param $stride i32) (param $out i32) (param $columns i32) (param $rows i32)
    (local $end i32) (local $at i32) (local $sum v128)
    (loop $row
      (local.set $at (local.get $from))
      (local.set $end (i32.add (local.get $from) (i32.shl (local.get $columns) (i32.const 2))))
      (loop $next
        (local.set $sum
          (i16x8.add
            (i16x8.add
              (i16x8.extadd_pairwise_i8x16_u (v128.load (local.get $at)))
              (i16x8.extadd_pairwise_i8x16_u (v128.load (i32.add (local.get $at) (local.get $stride)))))
            (i16x8.add
              (i16x8.extadd_pairwise_i8x16_u
                (v128.load (i32.add (local.get $at) (i32.shl (local.get $stride) (i32.const 1)))))
              (i16x8.extadd_pairwise_i8x16_u
                (v128.load (i32.add (local.get $at) (i32.mul (local.get $stride) (i32.const 3))))))))
        (v128.store (local.get $out)
          (f32x4.mul
            (f32x4.convert_i32x4_u (i32x4.extadd_pairwise_i16x8_u (local.get $sum)))
            (f32x4.splat (f32.const 0.0625))))
        (local.set $out (i32.add (local.get $out) (i32.const 16)))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
      (local.set $from (i32.add (local.get $from) (i32.shl (local.get $stride) (i32.const 2))))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br_if $row (local.get $rows))))

  ;; The same of blocks of 2x2 bytes; `columns` is a multiple of 8.
  (func (export "twos") (param $from i32) (param $stride i32) (param $out i32) (param $columns i32) (param $rows i32)
    (local $end i32) (local $at i32) (local $sum v128)
    (loop $row
      (local.set $at (local.get $from))
      (local.set $end (i32.add (local.get $from) (i32.shl (local.get $columns) (i32.const 1))))
      (loop $next
        (local.set $sum
          (i16x8.add
            (i16x8.extadd_pairwise_i8x16_u (v128.load (local.get $at)))
            (i16x8.extadd_pairwise_i8x16_u (v128.load (i32.add (local.get $at) (local.get $stride))))))
        (v128.store (local.get $out)
          (f32x4.mul
            (f32x4.convert_i32x4_u (i32x4.extend_low_i16x8_u (local.get $sum)))
            (f32x4.splat (f32.const 0.25))))
        (v128.store offset=16 (local.get $out)
          (f32x4.mul
            (f32x4.convert_i32x4_u (i32x4.extend_high_i16x8_u (local.get $sum)))
            (f32x4.splat (f32.const 0.25))))
        (local.set $out (i32.add (local.get $out) (i32.const 32)))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
      (local.set $from (i32.add (local.get $from) (i32.shl (local.get $stride) (i32.const 1))))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br_if $row (local.get $rows))))

  ;; A row of 16-bit sums: `count` rows of bytes, `stride` apart, each times its weight (i32 at `weights`, 256 in all at most).
  (func (export "mix") (param $from i32) (param $stride i32) (param $count i32) (param $weights i32) (param $out i32) (param $bytes i32)
    (local $end i32) (local $at i32) (local $weight i32) (local $last i32) (local $pixels v128) (local $times v128)
    (local $low v128) (local $high v128)
    (local.set $end (i32.add (local.get $from) (local.get $bytes)))
    (local.set $last (i32.add (local.get $weights) (i32.shl (local.get $count) (i32.const 2))))
    (loop $next
      (local.set $low (v128.const i32x4 0 0 0 0))
      (local.set $high (v128.const i32x4 0 0 0 0))
      (local.set $at (local.get $from))
      (local.set $weight (local.get $weights))
      (loop $row
        (local.set $pixels (v128.load (local.get $at)))
        (local.set $times (i16x8.splat (i32.load (local.get $weight))))
        (local.set $low
          (i16x8.add (local.get $low) (i16x8.mul (i16x8.extend_low_i8x16_u (local.get $pixels)) (local.get $times))))
        (local.set $high
          (i16x8.add (local.get $high) (i16x8.mul (i16x8.extend_high_i8x16_u (local.get $pixels)) (local.get $times))))
        (local.set $at (i32.add (local.get $at) (local.get $stride)))
        (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
        (br_if $row (i32.lt_u (local.get $weight) (local.get $last))))
      (v128.store (local.get $out) (local.get $low))
      (v128.store offset=16 (local.get $out) (local.get $high))
      (local.set $out (i32.add (local.get $out) (i32.const 32)))
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $from) (local.get $end)))))

  ;; Samples of a mixed row: `length` sums of `count[x]` values from number `first[x]` on, a pixel (`pixel` bytes) apart, times the
  ;; weights at `weights`, of which every sample has `taps`. Counts may be 0.
  (func (export "weigh") (param $row i32) (param $pixel i32) (param $first i32) (param $count i32) (param $weights i32)
    (param $taps i32) (param $out i32) (param $length i32)
    (local $end i32) (local $at i32) (local $weight i32) (local $last i32) (local $sum i32)
    (local.set $end (i32.add (local.get $out) (i32.shl (local.get $length) (i32.const 2))))
    (loop $next
      (local.set $sum (i32.const 0))
      (local.set $at
        (i32.add (local.get $row) (i32.mul (i32.load (local.get $first)) (local.get $pixel))))
      (local.set $weight (local.get $weights))
      (local.set $last (i32.add (local.get $weights) (i32.shl (i32.load (local.get $count)) (i32.const 2))))
      (block $done
        (loop $tap
          (br_if $done (i32.ge_u (local.get $weight) (local.get $last)))
          (local.set $sum
            (i32.add (local.get $sum) (i32.mul (i32.load (local.get $weight)) (i32.load16_u (local.get $at)))))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (local.set $at (i32.add (local.get $at) (local.get $pixel)))
          (br $tap)))
      (f32.store (local.get $out) (f32.mul (f32.convert_i32_u (local.get $sum)) (f32.const 0x1p-16)))
      (local.set $weights (i32.add (local.get $weights) (i32.shl (local.get $taps) (i32.const 2))))
      (local.set $first (i32.add (local.get $first) (i32.const 4)))
      (local.set $count (i32.add (local.get $count) (i32.const 4)))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $out) (local.get $end)))))

  ;; The same of one value a pixel where all samples lie between two of them, `step` apart from `position` on, both in 1/65536;
  ;; four at a time.
  (func (export "walk") (param $row i32) (param $position i32) (param $step i32) (param $out i32) (param $length i32)
    (local $end i32) (local $pairs v128) (local $left v128) (local $parts v128) (local $steps v128)
    (local.set $end (i32.add (local.get $out) (i32.shl (local.get $length) (i32.const 2))))
    (local.set $steps (i32x4.splat (i32.shl (local.get $step) (i32.const 2))))
    (local.set $parts
      (i32x4.add
        (i32x4.splat (local.get $position))
        (i32x4.mul (i32x4.splat (local.get $step)) (v128.const i32x4 0 1 2 3))))
    (loop $next
      (local.set $pairs
        (v128.load32_lane 0 (i32.add (local.get $row) (i32.shl (i32.shr_s (local.get $position) (i32.const 16)) (i32.const 1)))
          (local.get $pairs)))
      (local.set $position (i32.add (local.get $position) (local.get $step)))
      (local.set $pairs
        (v128.load32_lane 1 (i32.add (local.get $row) (i32.shl (i32.shr_s (local.get $position) (i32.const 16)) (i32.const 1)))
          (local.get $pairs)))
      (local.set $position (i32.add (local.get $position) (local.get $step)))
      (local.set $pairs
        (v128.load32_lane 2 (i32.add (local.get $row) (i32.shl (i32.shr_s (local.get $position) (i32.const 16)) (i32.const 1)))
          (local.get $pairs)))
      (local.set $position (i32.add (local.get $position) (local.get $step)))
      (local.set $pairs
        (v128.load32_lane 3 (i32.add (local.get $row) (i32.shl (i32.shr_s (local.get $position) (i32.const 16)) (i32.const 1)))
          (local.get $pairs)))
      (local.set $position (i32.add (local.get $position) (local.get $step)))
      (local.set $left (v128.and (local.get $pairs) (i32x4.splat (i32.const 0xffff))))
      (v128.store (local.get $out)
        (f32x4.mul
          (f32x4.convert_i32x4_s
            (i32x4.add
              (i32x4.shl (local.get $left) (i32.const 8))
              (i32x4.mul
                (v128.and (i32x4.shr_u (local.get $parts) (i32.const 8)) (i32x4.splat (i32.const 0xff)))
                (i32x4.sub (i32x4.shr_u (local.get $pairs) (i32.const 16)) (local.get $left)))))
          (f32x4.splat (f32.const 0x1p-16))))
      (local.set $parts (i32x4.add (local.get $parts) (local.get $steps)))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $out) (local.get $end)))))

  ;; Bilinear samples of bytes along a slanted line: `length` of them from column x and row y on, in 1/65536, `pixel` bytes a column.
  (func (export "slant") (param $from i32) (param $stride i32) (param $pixel i32) (param $x i32) (param $y i32)
    (param $stepX i32) (param $stepY i32) (param $out i32) (param $length i32)
    (local $end i32) (local $at i32) (local $below i32) (local $left i32) (local $upper i32) (local $lower i32) (local $part i32)
    (local.set $end (i32.add (local.get $out) (i32.shl (local.get $length) (i32.const 2))))
    (loop $next
      (local.set $at
        (i32.add
          (local.get $from)
          (i32.add
            (i32.mul (i32.shr_s (local.get $y) (i32.const 16)) (local.get $stride))
            (i32.mul (i32.shr_s (local.get $x) (i32.const 16)) (local.get $pixel)))))
      (local.set $below (i32.add (local.get $at) (local.get $stride)))
      (local.set $part (i32.and (i32.shr_u (local.get $x) (i32.const 8)) (i32.const 0xff)))
      (local.set $left (i32.load8_u (local.get $at)))
      (local.set $upper
        (i32.add
          (i32.shl (local.get $left) (i32.const 8))
          (i32.mul
            (local.get $part)
            (i32.sub (i32.load8_u (i32.add (local.get $at) (local.get $pixel))) (local.get $left)))))
      (local.set $left (i32.load8_u (local.get $below)))
      (local.set $lower
        (i32.add
          (i32.shl (local.get $left) (i32.const 8))
          (i32.mul
            (local.get $part)
            (i32.sub (i32.load8_u (i32.add (local.get $below) (local.get $pixel))) (local.get $left)))))
      (f32.store (local.get $out)
        (f32.mul
          (f32.convert_i32_s
            (i32.add
              (i32.shl (local.get $upper) (i32.const 8))
              (i32.mul
                (i32.and (i32.shr_u (local.get $y) (i32.const 8)) (i32.const 0xff))
                (i32.sub (local.get $lower) (local.get $upper)))))
          (f32.const 0x1p-16)))
      (local.set $x (i32.add (local.get $x) (local.get $stepX)))
      (local.set $y (i32.add (local.get $y) (local.get $stepY)))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $out) (local.get $end)))))

  ;; Bytes that are the rounded means of `factor` values each, a pixel (`pixel` bytes) apart, of a row of 16-bit sums of `factor` bytes.
  (func (export "means") (param $row i32) (param $pixel i32) (param $factor i32) (param $out i32) (param $step i32) (param $length i32)
    (local $end i32) (local $left i32) (local $sum i32) (local $area i32)
    (local.set $area (i32.mul (local.get $factor) (local.get $factor)))
    (local.set $end (i32.add (local.get $out) (i32.mul (local.get $length) (local.get $step))))
    (loop $next
      (local.set $sum (i32.shr_u (local.get $area) (i32.const 1)))
      (local.set $left (local.get $factor))
      (loop $tap
        (local.set $sum (i32.add (local.get $sum) (i32.load16_u (local.get $row))))
        (local.set $row (i32.add (local.get $row) (local.get $pixel)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $tap (local.get $left)))
      (i32.store8 (local.get $out) (i32.div_u (local.get $sum) (local.get $area)))
      (local.set $out (i32.add (local.get $out) (local.get $step)))
      (br_if $next (i32.lt_u (local.get $out) (local.get $end)))))

  ;; The same of a plane with two values each, sixteen bytes at a time.
  (func (export "halves") (param $row i32) (param $out i32) (param $length i32)
    (local $end i32) (local $two v128)
    (local.set $two (i32x4.splat (i32.const 2)))
    (local.set $end (i32.add (local.get $out) (local.get $length)))
    (loop $next
      (v128.store64_lane 0 (local.get $out)
        (i8x16.narrow_i16x8_u
          (i16x8.narrow_i32x4_u
            (i32x4.shr_u
              (i32x4.add (local.get $two) (i32x4.extadd_pairwise_i16x8_u (v128.load (local.get $row))))
              (i32.const 2))
            (i32x4.shr_u
              (i32x4.add (local.get $two) (i32x4.extadd_pairwise_i16x8_u (v128.load offset=16 (local.get $row))))
              (i32.const 2)))
          (local.get $two)))
      (local.set $row (i32.add (local.get $row) (i32.const 32)))
      (local.set $out (i32.add (local.get $out) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $out) (local.get $end)))))

  ;; Sums (16 bits) of every fourth byte of cells of 16 bytes in two rows, `stride` apart; four cells at a time.
  (func (export "cells") (param $from i32) (param $stride i32) (param $out i32) (param $cells i32)
    (local $below i32) (local $end i32) (local $every v128)
    (local.set $every (i32x4.splat (i32.const 0xff)))
    (local.set $below (i32.add (local.get $from) (local.get $stride)))
    (local.set $end (i32.add (local.get $out) (i32.shl (local.get $cells) (i32.const 1))))
    (loop $next
      (v128.store64_lane 0 (local.get $out)
        (i16x8.narrow_i32x4_s
          (i32x4.extadd_pairwise_i16x8_s
            (i16x8.narrow_i32x4_s
              (i32x4.extadd_pairwise_i16x8_s
                (i16x8.narrow_i32x4_s
                  (i32x4.add
                    (v128.and (local.get $every) (v128.load (local.get $from)))
                    (v128.and (local.get $every) (v128.load (local.get $below))))
                  (i32x4.add
                    (v128.and (local.get $every) (v128.load offset=16 (local.get $from)))
                    (v128.and (local.get $every) (v128.load offset=16 (local.get $below))))))
              (i32x4.extadd_pairwise_i16x8_s
                (i16x8.narrow_i32x4_s
                  (i32x4.add
                    (v128.and (local.get $every) (v128.load offset=32 (local.get $from)))
                    (v128.and (local.get $every) (v128.load offset=32 (local.get $below))))
                  (i32x4.add
                    (v128.and (local.get $every) (v128.load offset=48 (local.get $from)))
                    (v128.and (local.get $every) (v128.load offset=48 (local.get $below))))))))
          (local.get $every)))
      (local.set $from (i32.add (local.get $from) (i32.const 64)))
      (local.set $below (i32.add (local.get $below) (i32.const 64)))
      (local.set $out (i32.add (local.get $out) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $out) (local.get $end)))))

  ;; Three planes of f32, `bytes` of each, to three others, which may lie where they lie: clamp(weights . (a, b, c) + base), by the
  ;; six f32 of each at `matrix`: three weights, base, lowest, highest.
  (func (export "colours") (param $a i32) (param $b i32) (param $c i32) (param $red i32) (param $green i32) (param $blue i32)
    (param $bytes i32) (param $matrix i32)
    (local $end i32) (local $as v128) (local $bs v128) (local $cs v128)
    (local $aR v128) (local $bR v128) (local $cR v128) (local $baseR v128) (local $lowR v128) (local $highR v128)
    (local $aG v128) (local $bG v128) (local $cG v128) (local $baseG v128) (local $lowG v128) (local $highG v128)
    (local $aB v128) (local $bB v128) (local $cB v128) (local $baseB v128) (local $lowB v128) (local $highB v128)
    (local.set $end (i32.add (local.get $a) (local.get $bytes)))
    (local.set $aR (v128.load32_splat (local.get $matrix)))
    (local.set $bR (v128.load32_splat offset=4 (local.get $matrix)))
    (local.set $cR (v128.load32_splat offset=8 (local.get $matrix)))
    (local.set $baseR (v128.load32_splat offset=12 (local.get $matrix)))
    (local.set $lowR (v128.load32_splat offset=16 (local.get $matrix)))
    (local.set $highR (v128.load32_splat offset=20 (local.get $matrix)))
    (local.set $aG (v128.load32_splat offset=24 (local.get $matrix)))
    (local.set $bG (v128.load32_splat offset=28 (local.get $matrix)))
    (local.set $cG (v128.load32_splat offset=32 (local.get $matrix)))
    (local.set $baseG (v128.load32_splat offset=36 (local.get $matrix)))
    (local.set $lowG (v128.load32_splat offset=40 (local.get $matrix)))
    (local.set $highG (v128.load32_splat offset=44 (local.get $matrix)))
    (local.set $aB (v128.load32_splat offset=48 (local.get $matrix)))
    (local.set $bB (v128.load32_splat offset=52 (local.get $matrix)))
    (local.set $cB (v128.load32_splat offset=56 (local.get $matrix)))
    (local.set $baseB (v128.load32_splat offset=60 (local.get $matrix)))
    (local.set $lowB (v128.load32_splat offset=64 (local.get $matrix)))
    (local.set $highB (v128.load32_splat offset=68 (local.get $matrix)))
    (loop $next
      (local.set $as (v128.load (local.get $a)))
      (local.set $bs (v128.load (local.get $b)))
      (local.set $cs (v128.load (local.get $c)))
      (v128.store (local.get $red)
        (f32x4.pmin (local.get $highR) (f32x4.pmax (local.get $lowR)
          (f32x4.add
            (f32x4.add (f32x4.mul (local.get $aR) (local.get $as)) (local.get $baseR))
            (f32x4.add (f32x4.mul (local.get $bR) (local.get $bs)) (f32x4.mul (local.get $cR) (local.get $cs)))))))
      (v128.store (local.get $green)
        (f32x4.pmin (local.get $highG) (f32x4.pmax (local.get $lowG)
          (f32x4.add
            (f32x4.add (f32x4.mul (local.get $aG) (local.get $as)) (local.get $baseG))
            (f32x4.add (f32x4.mul (local.get $bG) (local.get $bs)) (f32x4.mul (local.get $cG) (local.get $cs)))))))
      (v128.store (local.get $blue)
        (f32x4.pmin (local.get $highB) (f32x4.pmax (local.get $lowB)
          (f32x4.add
            (f32x4.add (f32x4.mul (local.get $aB) (local.get $as)) (local.get $baseB))
            (f32x4.add (f32x4.mul (local.get $bB) (local.get $bs)) (f32x4.mul (local.get $cB) (local.get $cs)))))))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 16)))
      (local.set $c (i32.add (local.get $c) (i32.const 16)))
      (local.set $red (i32.add (local.get $red) (i32.const 16)))
      (local.set $green (i32.add (local.get $green) (i32.const 16)))
      (local.set $blue (i32.add (local.get $blue) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $a) (local.get $end))))))
