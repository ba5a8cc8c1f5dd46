;; The inner loops of the 1:N search, over blocks of rows in one memory; row-kernel.wat makes the rows.
;; `npm run generate` makes kernel.ts of it.
;; The codes of a block are two lists: of each row the first 256 bits, and 131072 bytes (4096 rows) on the other 256.
;; A probe is its code (64 bytes) and the mask of those bits of it that count (64 bytes).
(module
  (import "search" "memory" (memory 1))

  (func $total (param $sums v128) (result i32)
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $sums)) (i32x4.extract_lane 1 (local.get $sums)))
      (i32.add (i32x4.extract_lane 2 (local.get $sums)) (i32x4.extract_lane 3 (local.get $sums)))))

  ;; An entry of a list is the number of a row (16 bits) above the distance of its code (16 bits): in how many of the bits that
  ;; count it differs from the probe's. Entries are written always, kept only when near: no branch to be guessed wrong.

  ;; Writes entries of the first halves of codes from `codes` to `end`, of those within `limit`, to `out`, where there must be
  ;; room for all. Gives the end of what was written.
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

  ;; Of the entries of "half" from `list` to `end`, writes those whose whole codes are within `limit`, with that distance, to
  ;; `out`, which may be `list`. Gives the end of what was written.
  (func (export "rest") (param $list i32) (param $end i32) (param $codes i32) (param $probe i32) (param $limit i32) (param $out i32)
    (result i32)
    (local $p0 v128) (local $p1 v128) (local $m0 v128) (local $m1 v128) (local $entry i32) (local $code i32) (local $sums v128)
    (call $fetchHalves (local.get $list) (local.get $end) (local.get $codes))
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
        (local.set $entry
          (i32.add (local.get $entry)
            (i32.add
              (i32.add (i32x4.extract_lane 0 (local.get $sums)) (i32x4.extract_lane 1 (local.get $sums)))
              (i32.add (i32x4.extract_lane 2 (local.get $sums)) (i32x4.extract_lane 3 (local.get $sums))))))
        (i32.store (local.get $out) (local.get $entry))
        (local.set $out
          (i32.add (local.get $out)
            (i32.shl
              (i32.le_u (i32.and (local.get $entry) (i32.const 65535)) (local.get $limit))
              (i32.const 2))))
        (local.set $list (i32.add (local.get $list) (i32.const 4)))
        (br $next)))
    (local.get $out))

  ;; The same as "half" and "rest", counting bits 64 at a time: quicker where the processor has an instruction for that
  ;; (x86-64), which for the bits of 16 bytes only its newest have.
  (func (export "halfWords") (param $codes i32) (param $end i32) (param $probe i32) (param $limit i32) (param $out i32)
    (result i32)
    (local $p0 v128) (local $p1 v128) (local $m0 v128) (local $m1 v128) (local $row i32) (local $distance i32)
    (local $a v128) (local $b v128)
    (local.set $p0 (v128.load (local.get $probe)))
    (local.set $p1 (v128.load offset=16 (local.get $probe)))
    (local.set $m0 (v128.load offset=64 (local.get $probe)))
    (local.set $m1 (v128.load offset=80 (local.get $probe)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $codes) (local.get $end)))
        (local.set $a (v128.and (v128.xor (v128.load (local.get $codes)) (local.get $p0)) (local.get $m0)))
        (local.set $b (v128.and (v128.xor (v128.load offset=16 (local.get $codes)) (local.get $p1)) (local.get $m1)))
        (local.set $distance
          (i32.wrap_i64
            (i64.add
              (i64.add (i64.popcnt (i64x2.extract_lane 0 (local.get $a))) (i64.popcnt (i64x2.extract_lane 1 (local.get $a))))
              (i64.add (i64.popcnt (i64x2.extract_lane 0 (local.get $b))) (i64.popcnt (i64x2.extract_lane 1 (local.get $b)))))))
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
    (local $p0 v128) (local $p1 v128) (local $m0 v128) (local $m1 v128) (local $entry i32) (local $code i32)
    (local $a v128) (local $b v128)
    (call $fetchHalves (local.get $list) (local.get $end) (local.get $codes))
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
        (local.set $a (v128.and (v128.xor (v128.load offset=131072 (local.get $code)) (local.get $p0)) (local.get $m0)))
        (local.set $b (v128.and (v128.xor (v128.load offset=131088 (local.get $code)) (local.get $p1)) (local.get $m1)))
        (local.set $entry
          (i32.add (local.get $entry)
            (i32.wrap_i64
              (i64.add
                (i64.add (i64.popcnt (i64x2.extract_lane 0 (local.get $a))) (i64.popcnt (i64x2.extract_lane 1 (local.get $a))))
                (i64.add (i64.popcnt (i64x2.extract_lane 0 (local.get $b))) (i64.popcnt (i64x2.extract_lane 1 (local.get $b))))))))
        (i32.store (local.get $out) (local.get $entry))
        (local.set $out
          (i32.add (local.get $out)
            (i32.shl
              (i32.le_u (i32.and (local.get $entry) (i32.const 65535)) (local.get $limit))
              (i32.const 2))))
        (local.set $list (i32.add (local.get $list) (i32.const 4)))
        (br $next)))
    (local.get $out))

  ;; Rows of a list lie here and there. Read and used one by one, each waits for the memory; so their lines of memory (64 bytes)
  ;; are asked for all at once before. What was read is added up for all to see, lest a compiler leave it out.

  (global $fetched (export "fetched") (mut i32) (i32.const 0))

  ;; The second halves of the codes of a list.
  (func $fetchHalves (param $list i32) (param $end i32) (param $codes i32)
    (local $sum i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $list) (local.get $end)))
        (local.set $sum
          (i32.add (local.get $sum)
            (i32.load offset=131072
              (i32.add (local.get $codes) (i32.shl (i32.shr_u (i32.load (local.get $list)) (i32.const 16)) (i32.const 5))))))
        (local.set $list (i32.add (local.get $list) (i32.const 4)))
        (br $next)))
    (global.set $fetched (local.get $sum)))

  ;; The numbers of the rows of a list, 512 bytes each.
  (func $fetchNumbers (param $list i32) (param $end i32) (param $numbers i32)
    (local $row i32) (local $sum i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $list) (local.get $end)))
        (local.set $row
          (i32.add (local.get $numbers) (i32.shl (i32.shr_u (i32.load (local.get $list)) (i32.const 16)) (i32.const 9))))
        (local.set $sum
          (i32.add (local.get $sum)
            (i32.add
              (i32.add
                (i32.add (i32.load (local.get $row)) (i32.load offset=64 (local.get $row)))
                (i32.add (i32.load offset=128 (local.get $row)) (i32.load offset=192 (local.get $row))))
              (i32.add
                (i32.add (i32.load offset=256 (local.get $row)) (i32.load offset=320 (local.get $row)))
                (i32.add (i32.load offset=384 (local.get $row)) (i32.load offset=448 (local.get $row)))))))
        (local.set $list (i32.add (local.get $list) (i32.const 4)))
        (br $next)))
    (global.set $fetched (local.get $sum)))

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

  ;; The products of the rows of the block at `numbers` whose entries stand from `list` to `end`, i32 each, to `out`.
  (func (export "dots") (param $list i32) (param $end i32) (param $numbers i32) (param $probe i32) (param $out i32)
    (local $stop i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $list) (local.get $end)))
        (if (i32.ge_u (local.get $list) (local.get $stop))
          (then
            ;; 16 rows at a time: 8 KiB, which the nearest memory of every processor holds.
            (local.set $stop (i32.add (local.get $list) (i32.const 64)))
            (if (i32.gt_u (local.get $stop) (local.get $end)) (then (local.set $stop (local.get $end))))
            (call $fetchNumbers (local.get $list) (local.get $stop) (local.get $numbers))))
        (i32.store (local.get $out)
          (call $dot
            (i32.add (local.get $numbers) (i32.shl (i32.shr_u (i32.load (local.get $list)) (i32.const 16)) (i32.const 9)))
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
