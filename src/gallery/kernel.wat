;; The inner loops of the 1:N search, over blocks of rows in one memory. `npm run generate` makes kernel.ts of it.
;; The codes of a block are two lists: of each row the first 256 bits, and 131072 bytes (4096 rows) on the other 256.
;; A probe is its code (64 bytes) and the mask of those bits of it that count (64 bytes).
(module
  (import "search" "memory" (memory 1))

  ;; Turns 512 floats, in place: twice their product with `signs` (512 floats each time) and a Walsh-Hadamard transform.
  (func (export "rotate") (param $values i32) (param $signs i32)
    (local $round i32) (local $at i32) (local $end i32) (local $half i32) (local $stop i32) (local $a v128) (local $b v128)
    (local.set $end (i32.add (local.get $values) (i32.const 2048)))
    (loop $rounds
      ;; Neighbours and the next but one lie in one vector of four.
      (local.set $at (local.get $values))
      (loop $next
        (local.set $a (f32x4.mul (v128.load (local.get $at)) (v128.load (local.get $signs))))
        (local.set $a
          (f32x4.add
            (i8x16.shuffle 0 1 2 3 0 1 2 3 8 9 10 11 8 9 10 11 (local.get $a) (local.get $a))
            (f32x4.mul
              (i8x16.shuffle 4 5 6 7 4 5 6 7 12 13 14 15 12 13 14 15 (local.get $a) (local.get $a))
              (v128.const f32x4 1 -1 1 -1))))
        (v128.store (local.get $at)
          (f32x4.add
            (i8x16.shuffle 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 (local.get $a) (local.get $a))
            (f32x4.mul
              (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $a) (local.get $a))
              (v128.const f32x4 1 1 -1 -1))))
        (local.set $signs (i32.add (local.get $signs) (i32.const 16)))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
      (local.set $half (i32.const 16))
      (loop $halves
        (local.set $at (local.get $values))
        (loop $pairs
          (local.set $stop (i32.add (local.get $at) (local.get $half)))
          (loop $pair
            (local.set $a (v128.load (local.get $at)))
            (local.set $b (v128.load (i32.add (local.get $at) (local.get $half))))
            (v128.store (local.get $at) (f32x4.add (local.get $a) (local.get $b)))
            (v128.store (i32.add (local.get $at) (local.get $half)) (f32x4.sub (local.get $a) (local.get $b)))
            (local.set $at (i32.add (local.get $at) (i32.const 16)))
            (br_if $pair (i32.lt_u (local.get $at) (local.get $stop))))
          (local.set $at (i32.add (local.get $at) (local.get $half)))
          (br_if $pairs (i32.lt_u (local.get $at) (local.get $end))))
        (local.set $half (i32.shl (local.get $half) (i32.const 1)))
        (br_if $halves (i32.lt_u (local.get $half) (i32.const 2048))))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (br_if $rounds (i32.lt_u (local.get $round) (i32.const 2)))))

  ;; The largest of 512 floats without their signs; no number when one of them is none.
  (func (export "largest") (param $values i32) (result f32)
    (local $end i32) (local $most v128)
    (local.set $end (i32.add (local.get $values) (i32.const 2048)))
    (loop $next
      (local.set $most (f32x4.max (local.get $most) (f32x4.abs (v128.load (local.get $values)))))
      (local.set $values (i32.add (local.get $values) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $values) (local.get $end))))
    (f32.max
      (f32.max (f32x4.extract_lane 0 (local.get $most)) (f32x4.extract_lane 1 (local.get $most)))
      (f32.max (f32x4.extract_lane 2 (local.get $most)) (f32x4.extract_lane 3 (local.get $most)))))

  ;; Writes which of 256 floats are above zero as so many bits, the first the lowest of the first byte.
  (func (export "signs") (param $values i32) (param $out i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $values) (i32.const 1024)))
    (loop $next
      (i32.store8 (local.get $out)
        (i32.or
          (i32x4.bitmask (f32x4.gt (v128.load (local.get $values)) (v128.const f32x4 0 0 0 0)))
          (i32.shl
            (i32x4.bitmask (f32x4.gt (v128.load offset=16 (local.get $values)) (v128.const f32x4 0 0 0 0)))
            (i32.const 4))))
      (local.set $out (i32.add (local.get $out) (i32.const 1)))
      (local.set $values (i32.add (local.get $values) (i32.const 32)))
      (br_if $next (i32.lt_u (local.get $values) (local.get $end)))))

  ;; Four floats times `by`, rounded.
  (func $rounded (param $at i32) (param $by v128) (result v128)
    (i32x4.trunc_sat_f32x4_s (f32x4.nearest (f32x4.mul (v128.load (local.get $at)) (local.get $by)))))

  ;; Writes 512 floats times `factor`, rounded, as signed bytes.
  (func (export "toBytes") (param $values i32) (param $factor f32) (param $out i32)
    (local $end i32) (local $by v128)
    (local.set $by (f32x4.splat (local.get $factor)))
    (local.set $end (i32.add (local.get $values) (i32.const 2048)))
    (loop $next
      (v128.store (local.get $out)
        (i8x16.narrow_i16x8_s
          (i16x8.narrow_i32x4_s
            (call $rounded (local.get $values) (local.get $by))
            (call $rounded (i32.add (local.get $values) (i32.const 16)) (local.get $by)))
          (i16x8.narrow_i32x4_s
            (call $rounded (i32.add (local.get $values) (i32.const 32)) (local.get $by))
            (call $rounded (i32.add (local.get $values) (i32.const 48)) (local.get $by)))))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (local.set $values (i32.add (local.get $values) (i32.const 64)))
      (br_if $next (i32.lt_u (local.get $values) (local.get $end)))))

  ;; The same as signed 16-bit numbers.
  (func (export "toShorts") (param $values i32) (param $factor f32) (param $out i32)
    (local $end i32) (local $by v128)
    (local.set $by (f32x4.splat (local.get $factor)))
    (local.set $end (i32.add (local.get $values) (i32.const 2048)))
    (loop $next
      (v128.store (local.get $out)
        (i16x8.narrow_i32x4_s
          (call $rounded (local.get $values) (local.get $by))
          (call $rounded (i32.add (local.get $values) (i32.const 16)) (local.get $by))))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (local.set $values (i32.add (local.get $values) (i32.const 32)))
      (br_if $next (i32.lt_u (local.get $values) (local.get $end)))))

  ;; How many bits that count of half a code differ, as four sums to be added.
  (func $differing (param $a i32) (param $probe i32) (result v128)
    (i32x4.extadd_pairwise_i16x8_u
      (i16x8.extadd_pairwise_i8x16_u
        (i8x16.add
          (i8x16.popcnt
            (v128.and (v128.load offset=64 (local.get $probe))
              (v128.xor (v128.load (local.get $a)) (v128.load (local.get $probe)))))
          (i8x16.popcnt
            (v128.and (v128.load offset=80 (local.get $probe))
              (v128.xor (v128.load offset=16 (local.get $a)) (v128.load offset=16 (local.get $probe)))))))))

  (func $total (param $sums v128) (result i32)
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $sums)) (i32x4.extract_lane 1 (local.get $sums)))
      (i32.add (i32x4.extract_lane 2 (local.get $sums)) (i32x4.extract_lane 3 (local.get $sums)))))

  ;; Counts the distances of the codes from `codes` to `end` (of their first halves): u32 histogram[distance] += 1.
  (func (export "count") (param $codes i32) (param $end i32) (param $probe i32) (param $histogram i32)
    (local $at i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $codes) (local.get $end)))
        (local.set $at
          (i32.add (local.get $histogram)
            (i32.shl
              (call $total
                (i32x4.add
                  (call $differing (local.get $codes) (local.get $probe))
                  (call $differing
                    (i32.add (local.get $codes) (i32.const 131072)) (i32.add (local.get $probe) (i32.const 32)))))
              (i32.const 2))))
        (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (i32.const 1)))
        (local.set $codes (i32.add (local.get $codes) (i32.const 32)))
        (br $next))))

  ;; Writes of the first halves of codes from `codes` to `end` those that differ from the probe's in no more than `limit`
  ;; bits that count to `out`: number (16 bits) and distance (16 bits), u32 each. Gives the end of what was written. Room for all of
  ;; them must be there. Written always, kept only when near: no branch to be guessed wrong.
  (func (export "half") (param $codes i32) (param $end i32) (param $probe i32) (param $limit i32) (param $out i32)
    (result i32)
    (local $p0 v128) (local $p1 v128) (local $m0 v128) (local $m1 v128) (local $row i32) (local $distance i32) (local $sums v128)
    (local.set $p0 (v128.load (local.get $probe)))
    (local.set $p1 (v128.load offset=16 (local.get $probe)))
    (local.set $m0 (v128.load offset=64 (local.get $probe)))
    (local.set $m1 (v128.load offset=80 (local.get $probe)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $codes) (local.get $end)))
        (local.set $sums
          (i32x4.extadd_pairwise_i16x8_u
            (i16x8.extadd_pairwise_i8x16_u
              (i8x16.add
                (i8x16.popcnt (v128.and (v128.xor (v128.load (local.get $codes)) (local.get $p0)) (local.get $m0)))
                (i8x16.popcnt (v128.and (v128.xor (v128.load offset=16 (local.get $codes)) (local.get $p1)) (local.get $m1)))))))
        (local.set $distance
          (i32.add
            (i32.add (i32x4.extract_lane 0 (local.get $sums)) (i32x4.extract_lane 1 (local.get $sums)))
            (i32.add (i32x4.extract_lane 2 (local.get $sums)) (i32x4.extract_lane 3 (local.get $sums)))))
        (i32.store (local.get $out) (i32.or (local.get $row) (local.get $distance)))
        (local.set $out
          (i32.add (local.get $out)
            (i32.shl (i32.le_u (local.get $distance) (local.get $limit)) (i32.const 2))))
        (local.set $row (i32.add (local.get $row) (i32.const 65536)))
        (local.set $codes (i32.add (local.get $codes) (i32.const 32)))
        (br $next)))
    (local.get $out))

  ;; Of what "half" wrote from `list` to `end`, writes the numbers of those whose whole codes differ in no more than
  ;; `limit` bits that count to `out`, which may be `list`; gives the end of what was written.
  (func (export "rest") (param $list i32) (param $end i32) (param $codes i32) (param $probe i32) (param $limit i32) (param $out i32)
    (result i32)
    (local $p0 v128) (local $p1 v128) (local $m0 v128) (local $m1 v128) (local $entry i32) (local $code i32) (local $sums v128)
    (local.set $p0 (v128.load offset=32 (local.get $probe)))
    (local.set $p1 (v128.load offset=48 (local.get $probe)))
    (local.set $m0 (v128.load offset=96 (local.get $probe)))
    (local.set $m1 (v128.load offset=112 (local.get $probe)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $list) (local.get $end)))
        (local.set $entry (i32.load (local.get $list)))
        (local.set $code
          (i32.add (local.get $codes) (i32.shl (i32.shr_u (local.get $entry) (i32.const 16)) (i32.const 5))))
        (local.set $sums
          (i32x4.extadd_pairwise_i16x8_u
            (i16x8.extadd_pairwise_i8x16_u
              (i8x16.add
                (i8x16.popcnt (v128.and (v128.xor (v128.load offset=131072 (local.get $code)) (local.get $p0)) (local.get $m0)))
                (i8x16.popcnt (v128.and (v128.xor (v128.load offset=131088 (local.get $code)) (local.get $p1)) (local.get $m1)))))))
        (i32.store (local.get $out) (i32.shr_u (local.get $entry) (i32.const 16)))
        (local.set $out
          (i32.add (local.get $out)
            (i32.shl
              (i32.le_u
                (i32.add
                  (i32.and (local.get $entry) (i32.const 65535))
                  (i32.add
                    (i32.add (i32x4.extract_lane 0 (local.get $sums)) (i32x4.extract_lane 1 (local.get $sums)))
                    (i32.add (i32x4.extract_lane 2 (local.get $sums)) (i32x4.extract_lane 3 (local.get $sums)))))
                (local.get $limit))
              (i32.const 2))))
        (local.set $list (i32.add (local.get $list) (i32.const 4)))
        (br $next)))
    (local.get $out))

  ;; The same as "half" and "rest", counting 64 bits at a time: quicker where the processor has an instruction for that
  ;; (x86-64), which for the bits of 16 bytes only its newest have.
  (func (export "halfWords") (param $codes i32) (param $end i32) (param $probe i32) (param $limit i32) (param $out i32)
    (result i32)
    (local $p0 i64) (local $p1 i64) (local $p2 i64) (local $p3 i64)
    (local $m0 i64) (local $m1 i64) (local $m2 i64) (local $m3 i64) (local $row i32) (local $distance i32)
    (local.set $p0 (i64.load (local.get $probe)))
    (local.set $p1 (i64.load offset=8 (local.get $probe)))
    (local.set $p2 (i64.load offset=16 (local.get $probe)))
    (local.set $p3 (i64.load offset=24 (local.get $probe)))
    (local.set $m0 (i64.load offset=64 (local.get $probe)))
    (local.set $m1 (i64.load offset=72 (local.get $probe)))
    (local.set $m2 (i64.load offset=80 (local.get $probe)))
    (local.set $m3 (i64.load offset=88 (local.get $probe)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $codes) (local.get $end)))
        (local.set $distance
          (i32.wrap_i64
            (i64.add
              (i64.add
                (i64.popcnt (i64.and (i64.xor (i64.load (local.get $codes)) (local.get $p0)) (local.get $m0)))
                (i64.popcnt (i64.and (i64.xor (i64.load offset=8 (local.get $codes)) (local.get $p1)) (local.get $m1))))
              (i64.add
                (i64.popcnt (i64.and (i64.xor (i64.load offset=16 (local.get $codes)) (local.get $p2)) (local.get $m2)))
                (i64.popcnt (i64.and (i64.xor (i64.load offset=24 (local.get $codes)) (local.get $p3)) (local.get $m3)))))))
        (i32.store (local.get $out) (i32.or (local.get $row) (local.get $distance)))
        (local.set $out
          (i32.add (local.get $out)
            (i32.shl (i32.le_u (local.get $distance) (local.get $limit)) (i32.const 2))))
        (local.set $row (i32.add (local.get $row) (i32.const 65536)))
        (local.set $codes (i32.add (local.get $codes) (i32.const 32)))
        (br $next)))
    (local.get $out))

  (func (export "restWords") (param $list i32) (param $end i32) (param $codes i32) (param $probe i32) (param $limit i32) (param $out i32)
    (result i32)
    (local $p0 i64) (local $p1 i64) (local $p2 i64) (local $p3 i64)
    (local $m0 i64) (local $m1 i64) (local $m2 i64) (local $m3 i64) (local $entry i32) (local $code i32)
    (local.set $p0 (i64.load offset=32 (local.get $probe)))
    (local.set $p1 (i64.load offset=40 (local.get $probe)))
    (local.set $p2 (i64.load offset=48 (local.get $probe)))
    (local.set $p3 (i64.load offset=56 (local.get $probe)))
    (local.set $m0 (i64.load offset=96 (local.get $probe)))
    (local.set $m1 (i64.load offset=104 (local.get $probe)))
    (local.set $m2 (i64.load offset=112 (local.get $probe)))
    (local.set $m3 (i64.load offset=120 (local.get $probe)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $list) (local.get $end)))
        (local.set $entry (i32.load (local.get $list)))
        (local.set $code
          (i32.add (local.get $codes) (i32.shl (i32.shr_u (local.get $entry) (i32.const 16)) (i32.const 5))))
        (i32.store (local.get $out) (i32.shr_u (local.get $entry) (i32.const 16)))
        (local.set $out
          (i32.add (local.get $out)
            (i32.shl
              (i32.le_u
                (i32.add
                  (i32.and (local.get $entry) (i32.const 65535))
                  (i32.wrap_i64
                    (i64.add
                      (i64.add
                        (i64.popcnt (i64.and (i64.xor (i64.load offset=131072 (local.get $code)) (local.get $p0)) (local.get $m0)))
                        (i64.popcnt (i64.and (i64.xor (i64.load offset=131080 (local.get $code)) (local.get $p1)) (local.get $m1))))
                      (i64.add
                        (i64.popcnt (i64.and (i64.xor (i64.load offset=131088 (local.get $code)) (local.get $p2)) (local.get $m2)))
                        (i64.popcnt (i64.and (i64.xor (i64.load offset=131096 (local.get $code)) (local.get $p3)) (local.get $m3)))))))
                (local.get $limit))
              (i32.const 2))))
        (local.set $list (i32.add (local.get $list) (i32.const 4)))
        (br $next)))
    (local.get $out))

  ;; Product of 512 signed bytes with 512 signed 16-bit numbers of at most 16384.
  (func $dot (export "dot") (param $bytes i32) (param $probe i32) (result i32)
    (local $end i32) (local $low v128) (local $high v128)
    (local.set $end (i32.add (local.get $bytes) (i32.const 512)))
    (loop $next
      (local.set $low
        (i32x4.add (local.get $low)
          (i32x4.dot_i16x8_s (v128.load8x8_s (local.get $bytes)) (v128.load (local.get $probe)))))
      (local.set $high
        (i32x4.add (local.get $high)
          (i32x4.dot_i16x8_s (v128.load8x8_s offset=8 (local.get $bytes)) (v128.load offset=16 (local.get $probe)))))
      (local.set $low
        (i32x4.add (local.get $low)
          (i32x4.dot_i16x8_s (v128.load8x8_s offset=16 (local.get $bytes)) (v128.load offset=32 (local.get $probe)))))
      (local.set $high
        (i32x4.add (local.get $high)
          (i32x4.dot_i16x8_s (v128.load8x8_s offset=24 (local.get $bytes)) (v128.load offset=48 (local.get $probe)))))
      (local.set $bytes (i32.add (local.get $bytes) (i32.const 32)))
      (local.set $probe (i32.add (local.get $probe) (i32.const 64)))
      (br_if $next (i32.lt_u (local.get $bytes) (local.get $end))))
    (call $total (i32x4.add (local.get $low) (local.get $high))))

  ;; The products of the rows of the block at `numbers` whose numbers stand from `list` to `end`, i32 each, to `out`.
  (func (export "dots") (param $list i32) (param $end i32) (param $numbers i32) (param $probe i32) (param $out i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $list) (local.get $end)))
        (i32.store (local.get $out)
          (call $dot
            (i32.add (local.get $numbers) (i32.shl (i32.load (local.get $list)) (i32.const 9)))
            (local.get $probe)))
        (local.set $list (i32.add (local.get $list) (i32.const 4)))
        (local.set $out (i32.add (local.get $out) (i32.const 4)))
        (br $next))))

  ;; Sum of the squares of 512 signed bytes.
  (func (export "square") (param $bytes i32) (result i32)
    (local $end i32) (local $sum v128) (local $row v128)
    (local.set $end (i32.add (local.get $bytes) (i32.const 512)))
    (loop $next
      (local.set $row (v128.load8x8_s (local.get $bytes)))
      (local.set $sum (i32x4.add (local.get $sum) (i32x4.dot_i16x8_s (local.get $row) (local.get $row))))
      (local.set $bytes (i32.add (local.get $bytes) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $bytes) (local.get $end))))
    (call $total (local.get $sum))))
