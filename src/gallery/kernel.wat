;; The inner loops of the 1:N search, over blocks of rows in one memory. `npm run generate` makes kernel.ts of it.
(module
  (import "search" "memory" (memory 1))

  ;; Distance of two codes of 512 bits: how many bits differ.
  (func $distance (param $a i32) (param $b i32) (result i32)
    (local $sum v128)
    (local.set $sum
      (i8x16.add
        (i8x16.add
          (i8x16.popcnt (v128.xor (v128.load (local.get $a)) (v128.load (local.get $b))))
          (i8x16.popcnt (v128.xor (v128.load offset=16 (local.get $a)) (v128.load offset=16 (local.get $b)))))
        (i8x16.add
          (i8x16.popcnt (v128.xor (v128.load offset=32 (local.get $a)) (v128.load offset=32 (local.get $b))))
          (i8x16.popcnt (v128.xor (v128.load offset=48 (local.get $a)) (v128.load offset=48 (local.get $b)))))))
    ;; Each byte is at most 32: sixteen of them do not fit a byte, so they are widened pair by pair.
    (local.set $sum (i32x4.extadd_pairwise_i16x8_u (i16x8.extadd_pairwise_i8x16_u (local.get $sum))))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum)))
      (i32.add (i32x4.extract_lane 2 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum)))))

  ;; Counts the distances of every `step` bytes of the codes from `codes` to `end`: u32 histogram[distance] += 1.
  (func (export "count") (param $codes i32) (param $end i32) (param $step i32) (param $probe i32) (param $histogram i32)
    (local $at i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $codes) (local.get $end)))
        (local.set $at
          (i32.add (local.get $histogram)
            (i32.shl (call $distance (local.get $codes) (local.get $probe)) (i32.const 2))))
        (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (i32.const 1)))
        (local.set $codes (i32.add (local.get $codes) (local.get $step)))
        (br $next))))

  ;; Writes the numbers, from `row` on, of the codes no further from the probe than `limit` to `out` (u32 each), and
  ;; gives the end of what was written. Room for all of them must be there.
  (func (export "near") (param $codes i32) (param $end i32) (param $probe i32) (param $limit i32) (param $row i32) (param $out i32)
    (result i32)
    (local $p0 v128) (local $p1 v128) (local $p2 v128) (local $p3 v128) (local $sum v128)
    (local.set $p0 (v128.load (local.get $probe)))
    (local.set $p1 (v128.load offset=16 (local.get $probe)))
    (local.set $p2 (v128.load offset=32 (local.get $probe)))
    (local.set $p3 (v128.load offset=48 (local.get $probe)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $codes) (local.get $end)))
        (local.set $sum
          (i8x16.add
            (i8x16.add
              (i8x16.popcnt (v128.xor (v128.load (local.get $codes)) (local.get $p0)))
              (i8x16.popcnt (v128.xor (v128.load offset=16 (local.get $codes)) (local.get $p1))))
            (i8x16.add
              (i8x16.popcnt (v128.xor (v128.load offset=32 (local.get $codes)) (local.get $p2)))
              (i8x16.popcnt (v128.xor (v128.load offset=48 (local.get $codes)) (local.get $p3))))))
        (local.set $sum (i32x4.extadd_pairwise_i16x8_u (i16x8.extadd_pairwise_i8x16_u (local.get $sum))))
        ;; Written always, kept only when near: no branch to be guessed wrong.
        (i32.store (local.get $out) (local.get $row))
        (local.set $out
          (i32.add (local.get $out)
            (i32.shl
              (i32.le_u
                (i32.add
                  (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum)))
                  (i32.add (i32x4.extract_lane 2 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum))))
                (local.get $limit))
              (i32.const 2))))
        (local.set $row (i32.add (local.get $row) (i32.const 1)))
        (local.set $codes (i32.add (local.get $codes) (i32.const 64)))
        (br $next)))
    (local.get $out))

  ;; The same as "near", counting 64 bits at a time: quicker where the processor has an instruction for that (x86-64), which
  ;; for the bits of 16 bytes only its newest have.
  (func (export "nearWords") (param $codes i32) (param $end i32) (param $probe i32) (param $limit i32) (param $row i32) (param $out i32)
    (result i32)
    (local $p0 i64) (local $p1 i64) (local $p2 i64) (local $p3 i64) (local $p4 i64) (local $p5 i64) (local $p6 i64) (local $p7 i64)
    (local $reach i64)
    (local.set $reach (i64.extend_i32_u (local.get $limit)))
    (local.set $p0 (i64.load (local.get $probe)))
    (local.set $p1 (i64.load offset=8 (local.get $probe)))
    (local.set $p2 (i64.load offset=16 (local.get $probe)))
    (local.set $p3 (i64.load offset=24 (local.get $probe)))
    (local.set $p4 (i64.load offset=32 (local.get $probe)))
    (local.set $p5 (i64.load offset=40 (local.get $probe)))
    (local.set $p6 (i64.load offset=48 (local.get $probe)))
    (local.set $p7 (i64.load offset=56 (local.get $probe)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $codes) (local.get $end)))
        (i32.store (local.get $out) (local.get $row))
        (local.set $out
          (i32.add (local.get $out)
            (i32.shl
              (i64.le_u
                (i64.add
                  (i64.add
                    (i64.add
                      (i64.popcnt (i64.xor (i64.load (local.get $codes)) (local.get $p0)))
                      (i64.popcnt (i64.xor (i64.load offset=8 (local.get $codes)) (local.get $p1))))
                    (i64.add
                      (i64.popcnt (i64.xor (i64.load offset=16 (local.get $codes)) (local.get $p2)))
                      (i64.popcnt (i64.xor (i64.load offset=24 (local.get $codes)) (local.get $p3)))))
                  (i64.add
                    (i64.add
                      (i64.popcnt (i64.xor (i64.load offset=32 (local.get $codes)) (local.get $p4)))
                      (i64.popcnt (i64.xor (i64.load offset=40 (local.get $codes)) (local.get $p5))))
                    (i64.add
                      (i64.popcnt (i64.xor (i64.load offset=48 (local.get $codes)) (local.get $p6)))
                      (i64.popcnt (i64.xor (i64.load offset=56 (local.get $codes)) (local.get $p7))))))
                (local.get $reach))
              (i32.const 2))))
        (local.set $row (i32.add (local.get $row) (i32.const 1)))
        (local.set $codes (i32.add (local.get $codes) (i32.const 64)))
        (br $next)))
    (local.get $out))

  ;; Product of 512 signed bytes with 512 signed 16-bit numbers of at most 16384.
  (func (export "dot") (param $bytes i32) (param $probe i32) (result i32)
    (local $end i32) (local $low v128) (local $high v128) (local $row v128)
    (local.set $end (i32.add (local.get $bytes) (i32.const 512)))
    (loop $next
      (local.set $row (v128.load (local.get $bytes)))
      (local.set $low
        (i32x4.add (local.get $low)
          (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $row)) (v128.load (local.get $probe)))))
      (local.set $high
        (i32x4.add (local.get $high)
          (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $row)) (v128.load offset=16 (local.get $probe)))))
      (local.set $bytes (i32.add (local.get $bytes) (i32.const 16)))
      (local.set $probe (i32.add (local.get $probe) (i32.const 32)))
      (br_if $next (i32.lt_u (local.get $bytes) (local.get $end))))
    (local.set $low (i32x4.add (local.get $low) (local.get $high)))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $low)) (i32x4.extract_lane 1 (local.get $low)))
      (i32.add (i32x4.extract_lane 2 (local.get $low)) (i32x4.extract_lane 3 (local.get $low))))))
