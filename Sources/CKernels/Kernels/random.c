// Random numbers: Philox4x32-10, a bijection of a counter under a key, so that every block of four
// is computed alone and many fill the lanes of a vector.

KEEL_INLINE void philox(uint32_t *out, uint64_t key, uint64_t counter) {
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  uint32_t c0 = (uint32_t)counter, c1 = (uint32_t)(counter >> 32), c2 = 0, c3 = 0;
  KEEL_UNROLL for (int round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/// The words of elements start ..< start + count, rounded up to whole Philox blocks.
KEEL_INLINE void fill_words(uint32_t *words, size_t start, size_t count, uint64_t key,
                            uint64_t counter) {
  size_t blocks = (count + 3) / 4;
  counter += start / 4;
  KEEL_VECTORIZE for (size_t b = 0; b < blocks; b++) philox(words + 4 * b, key, counter + b);
}

KEEL_KERNEL(void, keel_random_words,
            (uint32_t *out, size_t n, uint64_t key, uint64_t counter),
            (out, n, key, counter)) {
  uint32_t words[KEEL_BLOCK];
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    size_t count = block_end(start, n) - start;
    fill_words(words, start, count, key, counter);
    memcpy(out + start, words, count * sizeof *out);
  }
}

/// 24 bits: every value is exact and below 1.
KEEL_INLINE float unit_of(uint32_t word) { return (float)(int32_t)(word >> 8) * 0x1p-24f; }

KEEL_KERNEL(void, keel_random_uniform,
            (float *out, size_t n, uint64_t key, uint64_t counter, float low, float high),
            (out, n, key, counter, low, high)) {
  uint32_t words[KEEL_BLOCK];
  float width = high - low;
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    size_t count = block_end(start, n) - start;
    fill_words(words, start, count, key, counter);
    KEEL_VECTORIZE for (size_t i = 0; i < count; i++) {
      out[start + i] = low + width * unit_of(words[i]);
    }
  }
}

/// Box–Muller: radius from the first word, angle (2^32 to the turn) from the second. The angle is
/// taken to the nearest quarter turn; what remains, within ±π/4, goes to polynomials (error 4e-9).
KEEL_INLINE void normal_pair(uint32_t first, uint32_t second, float *z) {
  float radius = sqrt_of(-2 * log_of(((float)first + 0.5f) * 0x1p-32f));
  uint32_t quarter = (second + 0x20000000u) >> 30;
  float angle = (float)(int32_t)(second - (quarter << 30)) * 1.46291807926716e-9f;
  float q = angle * angle;
  float sine = -0.00019517267f;
  sine = sine * q + 0.008332178f;
  sine = sine * q - 0.16666655f;
  sine = angle + angle * q * sine;
  float cosine = 2.4438415e-05f;
  cosine = cosine * q - 0.0013887368f;
  cosine = cosine * q + 0.041666646f;
  cosine = 1 - 0.5f * q + q * q * cosine;
  float x = quarter & 1 ? sine : cosine, y = quarter & 1 ? cosine : sine;
  z[0] = radius * float_of(bits_of(x) ^ (int32_t)(((quarter + 1) & 2) << 30));
  z[1] = radius * float_of(bits_of(y) ^ (int32_t)((quarter & 2) << 30));
}

KEEL_KERNEL(void, keel_random_normal,
            (float *out, size_t n, uint64_t key, uint64_t counter, float mean, float std),
            (out, n, key, counter, mean, std)) {
  uint32_t words[KEEL_BLOCK];
  float z[KEEL_BLOCK];
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    size_t count = block_end(start, n) - start;
    fill_words(words, start, count, key, counter);
    KEEL_VECTORIZE for (size_t i = 0; i < (count + 1) / 2; i++) {
      normal_pair(words[2 * i], words[2 * i + 1], z + 2 * i);
    }
    KEEL_VECTORIZE for (size_t i = 0; i < count; i++) out[start + i] = mean + std * z[i];
  }
}

KEEL_KERNEL(int64_t, keel_dropout,
            (const float *x, float *y, float *mask, size_t n, float rate, uint64_t key,
             uint64_t counter),
            (x, y, mask, n, rate, key, counter)) {
  uint32_t words[KEEL_BLOCK];
  float kept = 1 / (1 - rate);
  int64_t total = 0;
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {
    size_t count = block_end(start, n) - start;
    fill_words(words, start, count, key, counter);
    total += count_non_finite(x + start, count);
    KEEL_VECTORIZE for (size_t i = 0; i < count; i++) {
      float factor = unit_of(words[i]) < rate ? 0 : kept;
      mask[start + i] = factor;
      y[start + i] = factor != 0 ? x[start + i] * factor : 0;
    }
  }
  return total;
}
