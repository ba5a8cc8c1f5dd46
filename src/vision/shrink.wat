;; Shrinks the planes of a camera's picture by whole blocks and turns them into colours, four samples at a time.
;; `npm run generate` makes shrink-module.ts of it.
(module
  (import "shrink" "memory" (memory 1))

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

  ;; y, u, v to red, green, blue in place, `bytes` of each plane: red = clamp(luma y + redV v + redBase) and so on.
  (func (export "colours") (param $y i32) (param $u i32) (param $v i32) (param $bytes i32)
    (param $luma f32) (param $redV f32) (param $redBase f32) (param $greenU f32) (param $greenV f32) (param $greenBase f32)
    (param $blueU f32) (param $blueBase f32) (param $low f32) (param $high f32)
    (local $end i32) (local $level v128) (local $us v128) (local $vs v128) (local $floor v128) (local $ceiling v128)
    (local.set $end (i32.add (local.get $y) (local.get $bytes)))
    (local.set $floor (f32x4.splat (local.get $low)))
    (local.set $ceiling (f32x4.splat (local.get $high)))
    (loop $next
      (local.set $level (f32x4.mul (f32x4.splat (local.get $luma)) (v128.load (local.get $y))))
      (local.set $us (v128.load (local.get $u)))
      (local.set $vs (v128.load (local.get $v)))
      (v128.store (local.get $y)
        (f32x4.pmin (local.get $ceiling) (f32x4.pmax (local.get $floor)
          (f32x4.add (f32x4.add (local.get $level) (f32x4.splat (local.get $redBase)))
            (f32x4.mul (f32x4.splat (local.get $redV)) (local.get $vs))))))
      (v128.store (local.get $u)
        (f32x4.pmin (local.get $ceiling) (f32x4.pmax (local.get $floor)
          (f32x4.add
            (f32x4.add (local.get $level) (f32x4.splat (local.get $greenBase)))
            (f32x4.add
              (f32x4.mul (f32x4.splat (local.get $greenU)) (local.get $us))
              (f32x4.mul (f32x4.splat (local.get $greenV)) (local.get $vs)))))))
      (v128.store (local.get $v)
        (f32x4.pmin (local.get $ceiling) (f32x4.pmax (local.get $floor)
          (f32x4.add (f32x4.add (local.get $level) (f32x4.splat (local.get $blueBase)))
            (f32x4.mul (f32x4.splat (local.get $blueU)) (local.get $us))))))
      (local.set $y (i32.add (local.get $y) (i32.const 16)))
      (local.set $u (i32.add (local.get $u) (i32.const 16)))
      (local.set $v (i32.add (local.get $v) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $y) (local.get $end))))))
