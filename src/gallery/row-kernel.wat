;; What makes of an embedding the row that is searched, and of a probe what rows are compared with, in one memory with
;; kernel.wat. `npm run generate` makes row-kernel.ts of it.
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

  ;; The same of those that are larger than `least` without their signs; gives how many they are.
  (func (export "large") (param $values i32) (param $least f32) (param $out i32) (result i32)
    (local $end i32) (local $bits i32) (local $count i32) (local $than v128)
    (local.set $end (i32.add (local.get $values) (i32.const 1024)))
    (local.set $than (f32x4.splat (local.get $least)))
    (loop $next
      (local.set $bits
        (i32.or
          (i32x4.bitmask (f32x4.gt (f32x4.abs (v128.load (local.get $values))) (local.get $than)))
          (i32.shl
            (i32x4.bitmask (f32x4.gt (f32x4.abs (v128.load offset=16 (local.get $values))) (local.get $than)))
            (i32.const 4))))
      (i32.store8 (local.get $out) (local.get $bits))
      (local.set $count (i32.add (local.get $count) (i32.popcnt (local.get $bits))))
      (local.set $out (i32.add (local.get $out) (i32.const 1)))
      (local.set $values (i32.add (local.get $values) (i32.const 32)))
      (br_if $next (i32.lt_u (local.get $values) (local.get $end))))
    (local.get $count))

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
      (br_if $next (i32.lt_u (local.get $values) (local.get $end))))))
