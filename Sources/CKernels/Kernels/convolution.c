// Convolutions as matrix products: the inputs of a block of output pixels are gathered into a
// matrix that stays in cache, one row a pixel, and multiplied with the weights.

/// One output pixel of a batch, and where its window begins in the padded image.
typedef struct {
  size_t image, y, x;
} pixel;

KEEL_INLINE pixel pixel_at(const keel_window *w, size_t index) {
  size_t area = w->output_height * w->output_width, rest = index % area;
  return (pixel){index / area, rest / w->output_width, rest % w->output_width};
}

KEEL_INLINE pixel next_pixel(const keel_window *w, pixel p) {
  if (++p.x < w->output_width) return p;
  p.x = 0;
  if (++p.y < w->output_height) return p;
  p.y = 0;
  p.image++;
  return p;
}

/// What the gathering and the scattering of one window have in common: the input pixels of line `i`
/// of a window, as runs of floats that lie together.
typedef struct {
  /// Floats of zero before the first run and after the last.
  size_t before, after;
  /// Floats from the batch's beginning to the first run.
  size_t start;
  size_t runs, length, step;
} line;

/// How many taps of a line, the first at 0, lie before a pixel. Divisions are slow, and rarely
/// needed.
KEEL_INLINE size_t taps_before(size_t pixel, size_t dilation) {
  return dilation == 1 ? pixel : (pixel + dilation - 1) / dilation;
}

/// Without gaps between taps a line is one run.
KEEL_INLINE line line_of(const keel_window *w, pixel p, size_t i, size_t offset, size_t channels) {
  size_t whole = w->size * channels;
  size_t y = p.y * w->stride + i * w->dilation, left = p.x * w->stride;
  if (y < w->top || y - w->top >= w->height) return (line){whole, 0, 0, 0, 0, 0};
  // Taps first ..< end lie inside the image.
  size_t first = left < w->left ? taps_before(w->left - left, w->dilation) : 0;
  size_t edge = w->left + w->width;
  size_t end = left < edge ? taps_before(edge - left, w->dilation) : 0;
  end = end < w->size ? end : w->size;
  if (first >= end) return (line){whole, 0, 0, 0, 0, 0};
  size_t x = left + first * w->dilation - w->left, count = end - first;
  size_t start = ((p.image * w->height + y - w->top) * w->width + x) * w->channels + offset;
  line result = {first * channels, (w->size - end) * channels, start, count, channels,
                 w->dilation * w->channels};
  if (result.step == channels) (result.runs = 1, result.length = count * channels);
  return result;
}

/// columns[p, :] = the window of output pixel first + p, `channels` from `offset` on.
static void gather(const keel_window *w, const float *x, size_t first, size_t count,
                                 size_t offset, size_t channels, float *columns) {
  pixel p = pixel_at(w, first);
  for (size_t index = 0; index < count; index++, p = next_pixel(w, p)) {
    for (size_t i = 0; i < w->size; i++) {
      line l = line_of(w, p, i, offset, channels);
      for (size_t k = 0; k < l.before; k++) *columns++ = 0;
      for (size_t run = 0; run < l.runs; run++, columns += l.length) {
        const float *source = x + l.start + run * l.step;
        for (size_t k = 0; k < l.length; k++) columns[k] = source[k];
      }
      for (size_t k = 0; k < l.after; k++) *columns++ = 0;
    }
  }
}

/// Adds to dx what `gather` would take from x; what was zero there belongs to no pixel.
static void scatter(const keel_window *w, const float *columns, size_t first,
                                  size_t count, size_t offset, size_t channels, float *dx) {
  pixel p = pixel_at(w, first);
  for (size_t index = 0; index < count; index++, p = next_pixel(w, p)) {
    for (size_t i = 0; i < w->size; i++) {
      line l = line_of(w, p, i, offset, channels);
      columns += l.before;
      for (size_t run = 0; run < l.runs; run++, columns += l.length) {
        float *target = dx + l.start + run * l.step;
        KEEL_VECTORIZE for (size_t k = 0; k < l.length; k++) target[k] += columns[k];
      }
      columns += l.after;
    }
  }
}

/// Where every window is one pixel and none is left out, the images are their own columns.
KEEL_INLINE int is_pointwise(const keel_window *w) {
  return w->size == 1 && w->stride == 1 && w->top == 0 && w->left == 0 &&
         w->output_height == w->height && w->output_width == w->width;
}

KEEL_INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

KEEL_KERNEL(void, keel_convolution,
            (keel_window window, size_t filters, size_t groups, const float *x,
             const float *weight, const float *bias, float *y, float *columns, size_t block,
             size_t rows),
            (window, filters, groups, x, weight, bias, y, columns, block, rows)) {
  const keel_window *w = &window;
  size_t total = rows * w->output_height * w->output_width;
  size_t channels = w->channels / groups, outputs = filters / groups;
  size_t depth = w->size * w->size * channels;
  int is_gathered = !is_pointwise(w);
  for (size_t first = 0; first < total; first += block) {
    size_t count = smaller(block, total - first);
    if (bias) keel_broadcast_rows(bias, y + first * filters, count, filters);
    for (size_t group = 0; group < groups; group++) {
      if (is_gathered) gather(w, x, first, count, group * channels, channels, columns);
      const float *inputs = is_gathered ? columns : x + first * w->channels + group * channels;
      keel_gemm_strided(0, 1, count, outputs, depth, 1, inputs,
                        is_gathered ? depth : w->channels, weight + group * outputs * depth, depth,
                        bias ? 1 : 0, y + first * filters + group * outputs, filters);
    }
  }
}

KEEL_KERNEL(void, keel_convolution_gradient,
            (keel_window window, size_t filters, size_t groups, const float *x,
             const float *weight, const float *dy, float *d_weight, float *dx, float *columns,
             size_t block, size_t rows, int accumulate),
            (window, filters, groups, x, weight, dy, d_weight, dx, columns, block, rows,
             accumulate)) {
  const keel_window *w = &window;
  size_t total = rows * w->output_height * w->output_width;
  size_t channels = w->channels / groups, outputs = filters / groups;
  size_t depth = w->size * w->size * channels;
  int is_gathered = !is_pointwise(w);
  size_t stride = is_gathered ? depth : w->channels;
  if (dx && is_gathered && !accumulate) keel_fill(dx, rows * w->height * w->width * w->channels, 0);
  for (size_t first = 0; first < total; first += block) {
    size_t count = smaller(block, total - first);
    for (size_t group = 0; group < groups; group++) {
      size_t place = first * w->channels + group * channels, part = group * outputs * depth;
      const float *gradient = dy + first * filters + group * outputs;
      if (is_gathered) gather(w, x, first, count, group * channels, channels, columns);
      keel_gemm_strided(1, 0, outputs, depth, count, 1, gradient, filters,
                        is_gathered ? columns : x + place, stride, first == 0 ? 0 : 1,
                        d_weight + part, depth);
      if (!dx) continue;
      keel_gemm_strided(0, 0, count, depth, outputs, 1, gradient, filters, weight + part, depth,
                        !is_gathered && accumulate ? 1 : 0, is_gathered ? columns : dx + place,
                        stride);
      if (is_gathered) scatter(w, columns, first, count, group * channels, channels, dx);
    }
  }
}
