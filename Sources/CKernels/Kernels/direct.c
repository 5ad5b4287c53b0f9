// Convolutions without a matrix of their inputs: the sums of a tile of pixels and filters stay in
// registers while all taps of the window pass by. Images are copied with their padding first.
//
// Faster than gathering for windows of a few pixels; see keel_suits_direct_convolution.

enum {
  /// Height of the largest window.
  MOST_TAPS = 11,
  /// Floats of a padded image that stay in the second-level cache.
  MOST_PADDED = 1 << 18,
};

// MARK: images with their padding

/// Pixels around an image, and how wide a line is with them.
typedef struct {
  size_t top, bottom, left, right, height, width, channels;
} frame;

KEEL_INLINE size_t line_floats(const frame *f) {
  return (f->left + f->width + f->right) * f->channels;
}

KEEL_INLINE size_t frame_floats(const frame *f) {
  // Vectors are read whole: beyond the last pixel, too.
  return (f->top + f->height + f->bottom) * line_floats(f) + PACK;
}

static void pad(const frame *f, const float *image, float *padded) {
  size_t line = line_floats(f), inner = f->width * f->channels;
  memset(padded, 0, f->top * line * sizeof *padded);
  padded += f->top * line;
  for (size_t y = 0; y < f->height; y++, padded += line, image += inner) {
    size_t left = f->left * f->channels, right = f->right * f->channels;
    memset(padded, 0, left * sizeof *padded);
    memcpy(padded + left, image, inner * sizeof *padded);
    memset(padded + left + inner, 0, right * sizeof *padded);
  }
  memset(padded, 0, (f->bottom * line + PACK) * sizeof *padded);
}

/// How far the windows of an image reach: up to here in the padded image.
KEEL_INLINE size_t reach(size_t outputs, const keel_window *w) {
  return (outputs - 1) * w->stride + (w->size - 1) * w->dilation + 1;
}

KEEL_INLINE size_t excess(size_t a, size_t b) { return a > b ? a - b : 0; }

static frame frame_of(const keel_window *w) {
  return (frame){
      .top = w->top, .bottom = excess(reach(w->output_height, w), w->top + w->height),
      .left = w->left, .right = excess(reach(w->output_width, w), w->left + w->width),
      .height = w->height, .width = w->width, .channels = w->channels};
}

/// One axis of the input's gradient: pixel stride·u + phase gets from output pixel u + shift of tap
/// `tap`, a whole number where the two meet.
KEEL_INLINE int meets(const keel_window *w, size_t before, size_t phase, size_t tap, long *shift) {
  long distance = (long)(phase + before) - (long)(tap * w->dilation), stride = (long)w->stride;
  if (distance % stride != 0) return 0;
  *shift = distance / stride;
  return 1;
}

/// How many pixels of an axis have a phase.
KEEL_INLINE size_t pixels_of(size_t extent, size_t phase, size_t stride) {
  return (excess(extent, phase) + stride - 1) / stride;
}

/// How far before the first and beyond the last output an input's gradient looks along an axis.
static void margins(const keel_window *w, size_t before, size_t extent, size_t outputs,
                    size_t *low, size_t *high) {
  *low = *high = 0;
  for (size_t phase = 0; phase < w->stride; phase++) {
    size_t count = pixels_of(extent, phase, w->stride);
    for (size_t tap = 0; tap < w->size && count > 0; tap++) {
      long shift;
      if (!meets(w, before, phase, tap, &shift)) continue;
      long last = (long)count - 1 + shift - (long)(outputs - 1);
      if (-shift > (long)*low) *low = (size_t)-shift;
      if (last > (long)*high) *high = (size_t)last;
    }
  }
}

static frame gradient_frame_of(const keel_window *w, size_t filters) {
  frame f = {.height = w->output_height, .width = w->output_width, .channels = filters};
  margins(w, w->top, w->height, w->output_height, &f.top, &f.bottom);
  margins(w, w->left, w->width, w->output_width, &f.left, &f.right);
  return f;
}

// MARK: what there must be room for

KEEL_KERNEL(int, keel_suits_direct_convolution,
            (keel_window window, size_t filters, size_t groups, int has_gradient),
            (window, filters, groups, has_gradient)) {
  size_t channels = window.channels / groups;
  // What cannot be small is not measured, for that might overflow.
  int is_small = window.size <= MOST_TAPS && window.stride <= MOST_TAPS &&
                 window.dilation <= MOST_PADDED && window.height <= MOST_PADDED &&
                 window.width <= MOST_PADDED && window.channels <= MOST_PADDED &&
                 filters <= MOST_PADDED;
  if (!is_small || window.size == 1 || filters / groups < 8 || (channels < 4 && has_gradient)) {
    return 0;
  }
  frame f = frame_of(&window), g = gradient_frame_of(&window, filters);
  return frame_floats(&f) <= MOST_PADDED && frame_floats(&g) <= MOST_PADDED;
}

/// Weights [tap, channel, filter] of every group for the outputs, then [tap, filter, channel] for
/// the inputs' gradient.
KEEL_INLINE size_t forward_floats(const keel_window *w, size_t filters, size_t groups) {
  return w->size * w->size * w->channels * packed(filters / groups);
}

KEEL_KERNEL(size_t, keel_packed_floats, (keel_window window, size_t filters, size_t groups),
            (window, filters, groups)) {
  return forward_floats(&window, filters, groups) +
         window.size * window.size * filters * packed(window.channels / groups);
}

KEEL_KERNEL(size_t, keel_direct_floats, (keel_window window, size_t filters, size_t groups),
            (window, filters, groups)) {
  frame f = frame_of(&window), g = gradient_frame_of(&window, filters);
  return frame_floats(&f) + frame_floats(&g) + PACK * window.size * packed(filters / groups);
}

KEEL_KERNEL(void, keel_pack_weights,
            (keel_window window, size_t filters, size_t groups, const float *weight,
             int has_gradient, float *target),
            (window, filters, groups, weight, has_gradient, target)) {
  size_t taps = window.size * window.size, channels = window.channels / groups;
  size_t outputs = filters / groups, wide = packed(outputs), deep = packed(channels);
  size_t row = taps * channels;
  float *back = target + forward_floats(&window, filters, groups);
  for (size_t group = 0; group < groups; group++, weight += outputs * row) {
    // A pack of filters at a time: its rows are read side by side.
    for (size_t first = 0; first < outputs; first += PACK) {
      size_t count = outputs - first < PACK ? outputs - first : PACK;
      float *to = target + group * row * wide + first;
      for (size_t k = 0; k < row; k++, to += wide) {
        const float *from = weight + first * row + k;
        for (size_t f = 0; f < count; f++) to[f] = from[f * row];
        for (size_t f = count; f < PACK; f++) to[f] = 0;
      }
    }
    if (!has_gradient) continue;
    for (size_t tap = 0; tap < taps; tap++) {
      for (size_t f = 0; f < outputs; f++, back += deep) {
        memcpy(back, weight + f * row + tap * channels, channels * sizeof *back);
        memset(back + channels, 0, (deep - channels) * sizeof *back);
      }
    }
  }
}

// MARK: outputs

KEEL_KERNEL(void, keel_direct_convolution,
            (keel_window window, size_t filters, size_t groups, const float *x,
             const float *weights, const float *bias, float *y, float *scratch, size_t rows),
            (window, filters, groups, x, weights, bias, y, scratch, rows)) {
  const keel_window *w = &window;
  frame f = frame_of(w);
  size_t channels = w->channels / groups, outputs = filters / groups, wide = packed(outputs);
  size_t line = line_floats(&f), count = w->size * w->size;
  for (size_t image = 0; image < rows; image++) {
    pad(&f, x + image * w->height * w->width * w->channels, scratch);
    for (size_t group = 0; group < groups; group++) {
      tap taps[MOST_TAPS * MOST_TAPS];
      for (size_t t = 0; t < count; t++) {
        size_t i = t / w->size * w->dilation, j = t % w->size * w->dilation;
        taps[t] = (tap){(long)(i * line + j * w->channels),
                        weights + (group * count + t) * channels * wide};
      }
      row_sums sums = {taps, count, channels, wide, bias ? bias + group * outputs : NULL, 0};
      for (size_t oy = 0; oy < w->output_height; oy++) {
        size_t place = (image * w->output_height + oy) * w->output_width * filters;
        sum_rows(&sums, w->output_width, outputs,
                 scratch + oy * w->stride * line + group * channels, w->stride * w->channels,
                 y + place + group * outputs, filters);
      }
    }
  }
}

// MARK: the gradient of the inputs

/// Of one image, from its padded dy: for each phase of a pixel in the stride the taps that meet it.
static void input_gradient_of(const keel_window *w, size_t filters, size_t groups,
                              const frame *f, const float *dy, const float *weights, float *dx,
                              int adds) {
  size_t channels = w->channels / groups, outputs = filters / groups, deep = packed(channels);
  size_t line = line_floats(f), stride = w->stride;
  for (size_t phase = 0; phase < stride * stride; phase++) {
    size_t down = phase / stride, across = phase % stride;
    for (size_t group = 0; group < groups; group++) {
      tap taps[MOST_TAPS * MOST_TAPS];
      size_t count = 0;
      for (size_t t = 0; t < w->size * w->size; t++) {
        long y, x;
        if (!meets(w, w->top, down, t / w->size, &y)) continue;
        if (!meets(w, w->left, across, t % w->size, &x)) continue;
        taps[count++] = (tap){y * (long)line + x * (long)filters,
                              weights + (group * w->size * w->size + t) * outputs * deep};
      }
      row_sums sums = {taps, count, outputs, deep, NULL, adds};
      for (size_t u = 0; u < pixels_of(w->height, down, stride); u++) {
        size_t place = ((u * stride + down) * w->width + across) * w->channels;
        sum_rows(&sums, pixels_of(w->width, across, stride), channels,
                 dy + (u + f->top) * line + f->left * filters + group * outputs, filters,
                 dx + place + group * channels, stride * w->channels);
      }
    }
  }
}

// MARK: the gradient of the weights

/// Whether the taps of one line of the window, all channels, lie together in the image.
KEEL_INLINE int has_runs(const keel_window *w, size_t groups) {
  return groups == 1 && w->dilation == 1;
}

/// Where such a line is shorter than a vector, vectors run along the filters instead.
KEEL_INLINE int is_narrow(const keel_window *w, size_t groups) {
  return has_runs(w, groups) && w->size * w->channels < PACK;
}

/// Adds to the gradient of weights [filter, tap, channel] what pixels give, of which `k` says where
/// the first tap and filter lie; where lines are narrow to `sums`, [tap · channel, filter].
static void weight_gradient_of(const keel_window *w, size_t filters, size_t groups, size_t x_line,
                               pairs k, float *d_weight, float *sums) {
  size_t channels = w->channels / groups, outputs = filters / groups;
  size_t row = w->size * w->size * channels;
  if (is_narrow(w, groups)) {
    size_t run = w->size * channels, wide = packed(outputs);
    pairs swapped = {k.lines,    k.length,      k.run,      k.run_line,
                     k.run_step, k.single,      k.single_line, k.single_step};
    for (size_t i = 0; i < w->size; i++, swapped.single += x_line) {
      sum_outer_products(&swapped, run, wide, sums + i * run * wide, wide);
    }
    return;
  }
  size_t runs = has_runs(w, groups) ? w->size : w->size * w->size;
  size_t length = row / runs, across = runs == w->size ? 1 : w->size;
  for (size_t group = 0; group < groups; group++) {
    for (size_t r = 0; r < runs; r++) {
      size_t i = r / across * w->dilation, j = r % across * w->dilation;
      pairs tapped = k;
      tapped.single += group * outputs;
      tapped.run += i * x_line + j * w->channels + group * channels;
      sum_outer_products(&tapped, outputs, length, d_weight + group * outputs * row + r * length,
                         row);
    }
  }
}

KEEL_KERNEL(void, keel_direct_convolution_gradient,
            (keel_window window, size_t filters, size_t groups, const float *x,
             const float *weights, const float *dy, float *d_weight, float *dx, float *scratch,
             size_t rows, int accumulate),
            (window, filters, groups, x, weights, dy, d_weight, dx, scratch, rows, accumulate)) {
  const keel_window *w = &window;
  frame f = frame_of(w), g = gradient_frame_of(w, filters);
  size_t row = w->size * w->size * (w->channels / groups), wide = packed(filters);
  float *padded = scratch, *gradient = padded + frame_floats(&f);
  float *sums = gradient + frame_floats(&g);
  keel_fill(d_weight, filters * row, 0);
  if (is_narrow(w, groups)) keel_fill(sums, row * wide, 0);
  for (size_t image = 0; image < rows; image++) {
    size_t place = image * w->height * w->width * w->channels;
    // Padded even where it looks no further: vectors of it are read whole.
    pad(&g, dy + image * w->output_height * w->output_width * filters, gradient);
    pad(&f, x + place, padded);
    const float *inner = gradient + g.top * line_floats(&g) + g.left * filters;
    pairs pixels = {w->output_height, w->output_width,
                    inner,            line_floats(&g),
                    filters,          padded,
                    w->stride * line_floats(&f), w->stride * w->channels};
    weight_gradient_of(w, filters, groups, line_floats(&f), pixels, d_weight, sums);
    if (dx) {
      input_gradient_of(w, filters, groups, &g, gradient,
                        weights + forward_floats(w, filters, groups), dx + place, accumulate);
    }
  }
  if (!is_narrow(w, groups)) return;
  for (size_t i = 0; i < filters * row; i++) d_weight[i] = sums[i % row * wide + i / row];
}
