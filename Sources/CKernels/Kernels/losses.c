// Losses with their gradients, summed in double.

#define CLIP_LOW 1e-7f
#define CLIP_HIGH (1 - 1e-7f)

// MARK: element by element

/// One element's loss and its derivative by the output; in double, as 2·(output − target) may leave
/// float where its share of the mean does not.
typedef struct {
  double loss;
  double slope;
} element_loss;

KEEL_INLINE element_loss sigmoid_cross_entropy(float x, float target) {
  float linear = (x < 0 ? 0 : x) - x * target;
  return (element_loss){linear + log1p_of(exp_of(-fabsf(x))), sigmoid_of(x) - target};
}

/// A NaN passes the clip, and where the clip holds the slope is 0.
KEEL_INLINE element_loss binary_cross_entropy(float output, float target) {
  float p = clamp(output, CLIP_LOW, CLIP_HIGH);
  float slope = (p - target) / (p * (1 - p));
  return (element_loss){-target * log_of(p) - (1 - target) * log_of(1 - p),
                        p <= CLIP_LOW || p >= CLIP_HIGH ? 0 : slope};
}

KEEL_INLINE element_loss squared_error(float output, float target) {
  double difference = (double)output - target;
  return (element_loss){difference * difference, 2 * difference};
}

KEEL_INLINE element_loss absolute_error(float output, float target) {
  float difference = output - target;
  float sign = difference > 0 ? 1 : difference < 0 ? -1 : difference;
  return (element_loss){fabs((double)output - target), sign};
}

KEEL_INLINE element_loss huber(float output, float target, float delta) {
  double difference = (double)output - target, size = fabs(difference);
  double loss = size <= delta ? 0.5 * size * size : delta * (size - 0.5 * delta);
  return (element_loss){loss, clamp(output - target, -delta, delta)};
}

KEEL_INLINE element_loss poisson(float output, float target) {
  double rate = exp_of(output);
  return (element_loss){rate - (double)target * output, rate - target};
}

/// The pass over all elements; `element` is an expression in output[i] and targets[i]. A gradient
/// that nobody wants is taken all the same, so that the sum is of one loop, and of the same bits.
#define KEEL_LOSS_PASS(element)                                             \
  double total = 0;                                                         \
  float unwanted[KEEL_BLOCK];                                               \
  for (size_t start = 0; start < n; start += KEEL_BLOCK) {                  \
    size_t end = block_end(start, n);                                       \
    float *slopes = gradient ? gradient + start : unwanted;                 \
    double sum = 0;                                                         \
    KEEL_VECTORIZE for (size_t i = start; i < end; i++) {                   \
      KEEL_REASSOCIATE                                                      \
      element_loss result = element;                                        \
      sum += result.loss;                                                   \
      slopes[i - start] = (float)(result.slope * scale);                    \
    }                                                                       \
    total += sum;                                                           \
  }                                                                         \
  return (keel_loss){total, count_non_finite(output, n)};

KEEL_KERNEL(keel_loss, keel_sigmoid_cross_entropy,
            (const float *output, const float *targets, float *gradient, size_t n, float scale),
            (output, targets, gradient, n, scale)) {
  KEEL_LOSS_PASS(sigmoid_cross_entropy(output[i], targets[i]))
}

KEEL_KERNEL(keel_loss, keel_binary_cross_entropy,
            (const float *output, const float *targets, float *gradient, size_t n, float scale),
            (output, targets, gradient, n, scale)) {
  KEEL_LOSS_PASS(binary_cross_entropy(output[i], targets[i]))
}

KEEL_KERNEL(keel_loss, keel_squared_error,
            (const float *output, const float *targets, float *gradient, size_t n, float scale),
            (output, targets, gradient, n, scale)) {
  KEEL_LOSS_PASS(squared_error(output[i], targets[i]))
}

KEEL_KERNEL(keel_loss, keel_absolute_error,
            (const float *output, const float *targets, float *gradient, size_t n, float scale),
            (output, targets, gradient, n, scale)) {
  KEEL_LOSS_PASS(absolute_error(output[i], targets[i]))
}

KEEL_KERNEL(keel_loss, keel_huber,
            (const float *output, const float *targets, float *gradient, size_t n, float scale,
             float delta),
            (output, targets, gradient, n, scale, delta)) {
  KEEL_LOSS_PASS(huber(output[i], targets[i], delta))
}

KEEL_KERNEL(keel_loss, keel_poisson,
            (const float *output, const float *targets, float *gradient, size_t n, float scale),
            (output, targets, gradient, n, scale)) {
  KEEL_LOSS_PASS(poisson(output[i], targets[i]))
}

// MARK: row by row

KEEL_INLINE double row_sum(const float *x, size_t n) {
  double sum = 0;
  KEEL_VECTORIZE for (size_t i = 0; i < n; i++) {
    KEEL_REASSOCIATE
    sum += x[i];
  }
  return sum;
}

/// −Σ t·log softmax(x) = Σ t·(log Σ e^(x − max) − (x − max)); where t is 0 a logit of −Inf costs
/// nothing.
KEEL_KERNEL(keel_loss, keel_softmax_cross_entropy,
            (const float *logits, const float *targets, float *gradient, size_t rows,
             size_t columns, float scale),
            (logits, targets, gradient, rows, columns, scale)) {
  keel_loss total = {0};
  for (size_t start = 0; start < rows * columns; start += columns) {
    const float *x = logits + start, *t = targets + start;
    float *g = gradient ? gradient + start : NULL;
    float shift = row_maximum(x, columns);
    double sum = exponentials(x, shift, g, columns), mass = row_sum(t, columns), dot = 0;
    KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) {
      KEEL_REASSOCIATE
      dot += t[c] == 0 ? 0 : (double)t[c] * (x[c] - shift);
    }
    total.sum += mass * log(sum) - dot;
    total.non_finite += count_non_finite(x, columns);
    if (!g) continue;
    float factor = (float)(mass / sum);
    KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) g[c] = (g[c] * factor - t[c]) * scale;
  }
  return total;
}

/// dL/do_j = (g_j − Σ g·p)/s with g = −t/p, 0 where p is clipped, and s the row's sum. g may be
/// NULL.
KEEL_INLINE double cross_entropy_row(const float *output, const float *t, float *g, size_t columns,
                                     float scale) {
  double sum = row_sum(output, columns);
  double loss = 0, dot = 0;
  for (size_t c = 0; c < columns; c++) {
    float p = (float)(output[c] / sum);
    loss -= (double)t[c] * log_of(clamp(p, CLIP_LOW, CLIP_HIGH));
    if (!g) continue;
    g[c] = p <= CLIP_LOW || p >= CLIP_HIGH ? 0 : -t[c] / p;
    dot += (double)g[c] * p;
  }
  for (size_t c = 0; g && c < columns; c++) g[c] = (float)((g[c] - dot) / sum * scale);
  return loss;
}

KEEL_KERNEL(keel_loss, keel_cross_entropy,
            (const float *output, const float *targets, float *gradient, size_t rows,
             size_t columns, float scale),
            (output, targets, gradient, rows, columns, scale)) {
  keel_loss total = {0};
  for (size_t start = 0; start < rows * columns; start += columns) {
    total.sum += cross_entropy_row(output + start, targets + start,
                                   gradient ? gradient + start : NULL, columns, scale);
    total.non_finite += count_non_finite(output + start, columns);
  }
  return total;
}
