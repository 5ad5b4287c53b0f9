// Pools over the pixels of images. Loops run along the channels of a pixel, as the memory does.

/// The taps of a window that lie inside the image along one axis, and the pixel of the first.
typedef struct {
  size_t first, end, pixel;
} span;

KEEL_INLINE span span_of(size_t position, const keel_window *w, size_t before, size_t extent) {
  size_t origin = position * w->stride;
  size_t first = origin < before ? before - origin : 0;
  size_t end = extent + before - origin;
  return (span){first, end < w->size ? end : w->size, origin + first - before};
}

KEEL_INLINE size_t input_count(const keel_window *w) { return w->height * w->width * w->channels; }

/// Calls `body` for every output pixel of the batch, with its spans `v` (down) and `h` (across),
/// its place `out` among outputs and that of its image, `image`, among inputs.
#define EACH_OUTPUT(w, rows, body)                                             \
  for (size_t row = 0, out = 0; row < (rows); row++) {                         \
    size_t image = row * input_count(w);                                       \
    for (size_t oy = 0; oy < (w)->output_height; oy++) {                       \
      span v = span_of(oy, w, (w)->top, (w)->height);                          \
      for (size_t ox = 0; ox < (w)->output_width; ox++, out += (w)->channels) { \
        span h = span_of(ox, w, (w)->left, (w)->width);                        \
        body                                                                   \
      }                                                                        \
    }                                                                          \
  }

/// Calls `body` for every input pixel of the window, `in` its place among inputs.
#define EACH_TAP(w, body)                                                                  \
  for (size_t i = v.first; i < v.end; i++) {                                               \
    size_t in = image + ((v.pixel + i - v.first) * (w)->width + h.pixel) * (w)->channels;  \
    for (size_t j = h.first; j < h.end; j++, in += (w)->channels) {                        \
      body                                                                                 \
    }                                                                                      \
  }

/// Takes what is larger, and any NaN.
KEEL_INLINE void take_larger(const float *x, int32_t tap, float *y, int32_t *taps, size_t n) {
  KEEL_VECTORIZE for (size_t c = 0; c < n; c++) {
    int32_t takes = (x[c] > y[c]) | (x[c] != x[c]);
    y[c] = takes ? x[c] : y[c];
    taps[c] = takes ? tap : taps[c];
  }
}

KEEL_KERNEL(int64_t, keel_max_pool,
            (keel_window window, const float *x, float *y, int32_t *taps, size_t rows),
            (window, x, y, taps, rows)) {
  const keel_window *w = &window;
  int64_t total = 0;
  for (size_t start = 0; start < rows * input_count(w); start += KEEL_BLOCK) {
    total += count_non_finite(x + start, block_end(start, rows * input_count(w)) - start);
  }
  EACH_OUTPUT(w, rows, {
    int32_t tap = (int32_t)(v.first * w->size + h.first);
    for (size_t c = 0; c < w->channels; c++) (y[out + c] = -INFINITY, taps[out + c] = tap);
    EACH_TAP(w, {
      take_larger(x + in, (int32_t)(i * w->size + j), y + out, taps + out, w->channels);
    })
  })
  return total;
}

KEEL_INLINE void add_taken(const float *dy, const int32_t *taps, int32_t tap, float *dx, size_t n) {
  KEEL_VECTORIZE for (size_t c = 0; c < n; c++) dx[c] += taps[c] == tap ? dy[c] : 0;
}

KEEL_KERNEL(void, keel_max_pool_gradient,
            (keel_window window, const int32_t *taps, const float *dy, float *dx, size_t rows,
             int accumulate),
            (window, taps, dy, dx, rows, accumulate)) {
  const keel_window *w = &window;
  if (!accumulate) keel_fill(dx, rows * input_count(w), 0);
  EACH_OUTPUT(w, rows, {
    EACH_TAP(w, {
      add_taken(dy + out, taps + out, (int32_t)(i * w->size + j), dx + in, w->channels);
    })
  })
}

/// y += factor · x. Inputs are scaled before they are added: a sum of finite numbers may overflow,
/// their mean cannot.
KEEL_INLINE void add_scaled(const float *x, float factor, float *y, size_t n) {
  KEEL_VECTORIZE for (size_t c = 0; c < n; c++) y[c] += factor * x[c];
}

KEEL_INLINE float share(span v, span h) {
  return (float)(1 / ((double)(v.end - v.first) * (double)(h.end - h.first)));
}

KEEL_KERNEL(void, keel_average_pool,
            (keel_window window, const float *x, float *y, size_t rows),
            (window, x, y, rows)) {
  const keel_window *w = &window;
  EACH_OUTPUT(w, rows, {
    float factor = share(v, h);
    for (size_t c = 0; c < w->channels; c++) y[out + c] = 0;
    EACH_TAP(w, { add_scaled(x + in, factor, y + out, w->channels); })
  })
}

KEEL_KERNEL(void, keel_average_pool_gradient,
            (keel_window window, const float *dy, float *dx, size_t rows, int accumulate),
            (window, dy, dx, rows, accumulate)) {
  const keel_window *w = &window;
  if (!accumulate) keel_fill(dx, rows * input_count(w), 0);
  EACH_OUTPUT(w, rows, {
    float factor = share(v, h);
    EACH_TAP(w, { add_scaled(dy + out, factor, dx + in, w->channels); })
  })
}

/// Sums in double, channel block by channel block.
KEEL_KERNEL(void, keel_average_pixels,
            (const float *x, float *y, size_t rows, size_t pixels, size_t channels),
            (x, y, rows, pixels, channels)) {
  for (size_t row = 0; row < rows; row++, x += pixels * channels, y += channels) {
    for (size_t start = 0; start < channels; start += KEEL_BLOCK) {
      size_t count = block_end(start, channels) - start;
      double sums[KEEL_BLOCK];
      memset(sums, 0, count * sizeof *sums);
      for (size_t p = 0; p < pixels; p++) {
        const float *values = x + p * channels + start;
        KEEL_VECTORIZE for (size_t c = 0; c < count; c++) sums[c] += values[c];
      }
      for (size_t c = 0; c < count; c++) y[start + c] = (float)(sums[c] / (double)pixels);
    }
  }
}

KEEL_KERNEL(void, keel_average_pixels_gradient,
            (const float *dy, float *dx, size_t rows, size_t pixels, size_t channels,
             int accumulate),
            (dy, dx, rows, pixels, channels, accumulate)) {
  float factor = (float)(1 / (double)pixels);
  if (!accumulate) keel_fill(dx, rows * pixels * channels, 0);
  for (size_t row = 0; row < rows; row++, dy += channels) {
    for (size_t p = 0; p < pixels; p++, dx += channels) add_scaled(dy, factor, dx, channels);
  }
}
