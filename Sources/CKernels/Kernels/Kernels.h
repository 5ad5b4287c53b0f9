// What the kernels share: elementary functions, and the measuring of a block.
//
// Everything here is branch-free scalar code that inlines into its callers, where the compiler
// vectorises it: libm's functions are opaque calls, and errno keeps even sqrtf scalar. `Levels.h`
// includes it, and the kernels, once for every level of the processor.
#ifndef KERNELS_H
#define KERNELS_H

#define KEEL_INLINE static inline __attribute__((always_inline))

/// A function of its own wherever it is called from: a sum that is reassociated has then the same
/// bits for all who measure the same block.
#define KEEL_ALONE static __attribute__((noinline, unused))

/// Before a loop: its iterations are independent, though a result may be written over its input.
/// KEEL_REASSOCIATE, first in a body: its sums may be taken in any (fixed) order.
#if defined(__clang__)
#define KEEL_VECTORIZE _Pragma("clang loop vectorize(assume_safety)")
#define KEEL_REASSOCIATE _Pragma("clang fp reassociate(on)")
#define KEEL_UNROLL _Pragma("clang loop unroll(full)")
#else
#define KEEL_VECTORIZE _Pragma("GCC ivdep")
#define KEEL_REASSOCIATE
#define KEEL_UNROLL
#endif

/// Tensors are walked in blocks that stay in the first-level cache, so that a second look at a
/// block is free, a float sum is short enough to be accurate, and a count fits 32 bits.
enum { KEEL_BLOCK = 512 };

KEEL_INLINE size_t block_end(size_t start, size_t n) {
  return n - start < KEEL_BLOCK ? n : start + KEEL_BLOCK;
}

/// What one thread takes of a tensor that several share: some microseconds of work, a whole number
/// of blocks.
enum { KEEL_PIECE = 16 * KEEL_BLOCK };

KEEL_INLINE size_t piece_end(size_t start, size_t n) {
  return n - start < KEEL_PIECE ? n : start + KEEL_PIECE;
}

KEEL_INLINE size_t pieces(size_t n) { return (n + KEEL_PIECE - 1) / KEEL_PIECE; }

// MARK: bits

enum { INFINITY_BITS = 0x7f800000 };

KEEL_INLINE int32_t bits_of(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

KEEL_INLINE float float_of(int32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/// Orders magnitudes as integers: finite < INFINITY_BITS < NaN.
KEEL_INLINE int32_t magnitude_bits(float x) { return bits_of(x) & 0x7fffffff; }

KEEL_INLINE int32_t not_finite(float x) { return magnitude_bits(x) >= INFINITY_BITS; }

KEEL_INLINE float power_of_two(int32_t n) { return float_of((int32_t)((uint32_t)(n + 127) << 23)); }

/// Lets NaN through.
KEEL_INLINE float clamp(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

// MARK: elementary functions
//
// Polynomials are minimax fits; ln 2 is split so that n · LN2_HIGH is exact for |n| < 512.

#define LOG2_E 1.44269504088896340736f
#define LN2_HIGH 0x1.62e4p-1f
#define LN2_LOW 0x1.7f7d1cf79abcap-20f

KEEL_INLINE float sqrt_of(float x) {
#if defined(__has_builtin) && __has_builtin(__builtin_elementwise_sqrt)
  return __builtin_elementwise_sqrt(x);
#else
  return sqrtf(x);
#endif
}

/// Splits x = n·ln 2 + r with |r| ≤ 0.347 and returns e^r − 1 (relative error 1.3e-8). Adding
/// 1.5·2^23 rounds x/ln 2 and leaves n in the low bits of the sum.
KEEL_INLINE float expm1_reduced(float x, int32_t *n) {
  const float round = 0x1.8p23f;
  float sum = x * LOG2_E + round;
  float whole = sum - round;
  float r = (x - whole * LN2_HIGH) - whole * LN2_LOW;
  float q = 0.0013882507f;
  q = q * r + 0.008366596f;
  q = q * r + 0.0416672f;
  q = q * r + 0.16666543f;
  q = q * r + 0.49999997f;
  *n = bits_of(sum) - bits_of(round);
  return r + r * r * q;
}

/// 2^n is applied in two factors so that only the last product rounds to a denormal or to Inf.
KEEL_INLINE float exp_of(float x) {
  int32_t n;
  float power = 1 + expm1_reduced(clamp(x, -104, 89), &n);
  int32_t half = n >> 1;
  return power * power_of_two(half) * power_of_two(n - half);
}

/// Up to x = 88, larger x as 88.
KEEL_INLINE float expm1_of(float x) {
  int32_t n;
  float reduced = expm1_reduced(clamp(x, -40, 88), &n);
  float scale = power_of_two(n);
  return reduced * scale + (scale - 1);
}

/// artanh(s) = s + s·z·(this), z = s² ≤ 1/9 (error 5e-9).
KEEL_INLINE float artanh_tail(float z) {
  float q = 0.1401223f;
  q = q * z + 0.13999571f;
  q = q * z + 0.2001085f;
  return q * z + 0.33333206f;
}

/// log(1 + x) for 0 ≤ x ≤ 1, as 2·artanh(x/(2 + x)).
KEEL_INLINE float log1p_of(float x) {
  float s = x / (2 + x), z = s * s;
  return 2 * (s + s * z * artanh_tail(z));
}

/// log x for normal x > 0: x = 2^n·m with m in [√½, √2).
KEEL_INLINE float log_of(float x) {
  int32_t n = (bits_of(x) - 0x3f3504f3) >> 23;
  float m = float_of((int32_t)((uint32_t)bits_of(x) - ((uint32_t)n << 23)));
  float s = (m - 1) / (m + 1), z = s * s, whole = (float)n;
  float result = whole * LN2_HIGH + (2 * s + (2 * s * z * artanh_tail(z) + whole * LN2_LOW));
  return x == x ? result : x;
}

KEEL_INLINE float sigmoid_of(float x) {
  float e = exp_of(-fabsf(x));
  return (x < 0 ? e : 1) / (1 + e);
}

KEEL_INLINE float tanh_of(float x) {
  float magnitude = fabsf(x);
  magnitude = magnitude > 15 ? 15 : magnitude;
  float t = expm1_of(magnitude + magnitude);
  return copysignf(t / (t + 2), x);
}

// MARK: rows

/// The maximum, or a NaN if a positive one is there: float bits with the magnitude of negatives
/// flipped order as integers do.
KEEL_INLINE float row_maximum(const float *x, size_t n) {
  int32_t largest = INT32_MIN;
  KEEL_VECTORIZE for (size_t i = 0; i < n; i++) {
    int32_t bits = bits_of(x[i]), key = bits ^ ((bits >> 31) & 0x7fffffff);
    largest = key > largest ? key : largest;
  }
  return float_of(largest ^ ((largest >> 31) & 0x7fffffff));
}

/// Σ e^(x − shift); the terms go to y unless it is NULL. One loop for both, and so the same bits.
KEEL_INLINE double exponentials(const float *x, float shift, float *y, size_t n) {
  double total = 0;
  float unwanted[KEEL_BLOCK];
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    size_t end = block_end(start, n);
    float *terms = y ? y + start : unwanted;
    float sum = 0;
    KEEL_VECTORIZE for (size_t i = start; i < end; i++) {
      KEEL_REASSOCIATE
      sum += terms[i - start] = exp_of(x[i] - shift);
    }
    total += sum;
  }
  return total;
}

// MARK: measuring one block

KEEL_INLINE int32_t count_non_finite(const float *x, size_t n) {
  int32_t count = 0;
  KEEL_VECTORIZE for (size_t i = 0; i < n; i++) count += not_finite(x[i]);
  return count;
}

/// For any values; in double.
KEEL_ALONE keel_moments block_moments_careful(const float *x, size_t n) {
  double sum = 0;
  int32_t largest = 0;
  KEEL_VECTORIZE for (size_t i = 0; i < n; i++) {
    KEEL_REASSOCIATE
    double value = x[i];
    sum += value * value;
    int32_t magnitude = magnitude_bits(x[i]);
    magnitude = magnitude > INFINITY_BITS ? 0 : magnitude;
    largest = magnitude > largest ? magnitude : largest;
  }
  return (keel_moments){sum, float_of(largest), count_non_finite(x, n)};
}

/// In float, unless the block's largest magnitude says that squares might overflow or underflow.
KEEL_ALONE keel_moments block_moments(const float *x, size_t n) {
  float sum = 0;
  int32_t largest = 0;
  KEEL_VECTORIZE for (size_t i = 0; i < n; i++) {
    KEEL_REASSOCIATE
    sum += x[i] * x[i];
    int32_t magnitude = magnitude_bits(x[i]);
    largest = magnitude > largest ? magnitude : largest;
  }
  int is_safe = largest >= bits_of(0x1p-50f) && largest <= bits_of(0x1p56f);
  if (is_safe || largest == 0) return (keel_moments){sum, float_of(largest), 0};
  return block_moments_careful(x, n);
}

KEEL_INLINE void add_moments(keel_moments *total, keel_moments part) {
  total->sum_of_squares += part.sum_of_squares;
  total->largest = part.largest > total->largest ? part.largest : total->largest;
  total->non_finite += part.non_finite;
}

#endif
