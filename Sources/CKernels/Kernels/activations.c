// Activations and their gradients. Each is one expression; the macros wrap it in the pass that
// applies it to a tensor and counts the non-finite elements read.

/// y[i] = value, an expression in x[i] and a.
#define KEEL_FORWARD(name, value)                                                         \
  KEEL_KERNEL(int64_t, name, (const float *x, float *y, size_t n, float a), (x, y, n, a)) { \
    int64_t total = 0;                                                                    \
    for (size_t start = 0; start < n; start += KEEL_BLOCK) {                              \
      size_t end = block_end(start, n);                                                   \
      int32_t count = 0;                                                                  \
      KEEL_VECTORIZE for (size_t i = start; i < end; i++) {                               \
        count += not_finite(x[i]);                                                        \
        y[i] = value;                                                                     \
      }                                                                                   \
      total += count;                                                                     \
    }                                                                                     \
    return total;                                                                         \
  }

/// dx[i] = or += value, an expression in x[i], y[i], dy[i] and a.
#define KEEL_BACKWARD(name, value)                                                        \
  KEEL_KERNEL(int64_t, name,                                                              \
              (const float *x, const float *y, const float *dy, float *dx, size_t n, float a, \
               int accumulate),                                                           \
              (x, y, dy, dx, n, a, accumulate)) {                                         \
    int64_t total = 0;                                                                    \
    for (size_t start = 0; start < n; start += KEEL_BLOCK) {                              \
      size_t end = block_end(start, n);                                                   \
      total += count_non_finite(dy + start, end - start);                                 \
      if (accumulate) {                                                                   \
        KEEL_VECTORIZE for (size_t i = start; i < end; i++) dx[i] += value;               \
      } else {                                                                            \
        KEEL_VECTORIZE for (size_t i = start; i < end; i++) dx[i] = value;                \
      }                                                                                   \
    }                                                                                     \
    return total;                                                                         \
  }

#define SELU_ALPHA 1.6732632423543772f
#define SELU_SCALE 1.0507009873554805f

/// Φ(x), and φ(x) without its factor 1/√2π. Both tails are e^(−x²/2) times Mills' ratio, fitted by
/// a polynomial in 1/(1 + 0.295·|x|) (relative error 1.4e-8 at 0, 1e-6 at 12).
KEEL_INLINE float normal_distribution(float x, float *density) {
  float u = fabsf(clamp(x, -20, 20)), s = 1 / (1 + 0.295f * u);
  float q = 0.0372656f;
  q = q * s - 0.17269197f;
  q = q * s + 0.24840453f;
  q = q * s - 0.09068903f;
  q = q * s + 0.14774248f;
  q = q * s + 0.0927587f;
  q = q * s + 0.1196292f;
  q = q * s + 0.11758049f;
  *density = exp_of(-0.5f * u * u);
  float tail = *density * s * q;
  return x < 0 ? tail : 1 - tail;
}

/// x at −Inf would make 0 · Inf of the limit 0, so it stops where the factor has vanished.
KEEL_INLINE float gelu_of(float x) {
  float density;
  return normal_distribution(x, &density) * (x < -20 ? -20 : x);
}

KEEL_INLINE float gelu_slope(float x) {
  float density, below = normal_distribution(x, &density);
  return below + clamp(x, -20, 20) * density * 0.3989422804f;
}

KEEL_INLINE float silu_slope(float x) {
  float above = sigmoid_of(-x);
  return sigmoid_of(x) * (1 + clamp(x, -110, 110) * above);
}

/// log(1 + e^(beta·x))/beta, x itself where that is all.
KEEL_INLINE float softplus_of(float x, float beta) {
  float z = beta * x;
  float log = (z < 0 ? 0 : z) + log1p_of(exp_of(-fabsf(z)));
  return z > 20 ? x : log / beta;
}

KEEL_INLINE float elu_of(float x, float a) { return x > 0 ? x : a * expm1_of(x); }
KEEL_INLINE float elu_slope(float x, float a) { return x > 0 ? 1 : a * exp_of(x); }

KEEL_FORWARD(keel_relu, x[i] < 0 ? 0 : x[i])
KEEL_FORWARD(keel_leaky_relu, x[i] > 0 ? x[i] : a * x[i])
KEEL_FORWARD(keel_elu, elu_of(x[i], a))
KEEL_FORWARD(keel_selu, SELU_SCALE * elu_of(x[i], SELU_ALPHA))
KEEL_FORWARD(keel_gelu, gelu_of(x[i]))
KEEL_FORWARD(keel_silu, sigmoid_of(x[i]) * (x[i] < -110 ? -110 : x[i]))
KEEL_FORWARD(keel_softplus, softplus_of(x[i], a))
KEEL_FORWARD(keel_sigmoid, sigmoid_of(x[i]))
KEEL_FORWARD(keel_tanh, tanh_of(x[i]))
KEEL_FORWARD(keel_hard_tanh, clamp(x[i], -1, 1))
KEEL_FORWARD(keel_exponential, exp_of(x[i]))

KEEL_BACKWARD(keel_relu_gradient, x[i] <= 0 ? 0 : dy[i])
KEEL_BACKWARD(keel_leaky_relu_gradient, x[i] > 0 ? dy[i] : a * dy[i])
KEEL_BACKWARD(keel_elu_gradient, dy[i] * elu_slope(x[i], a))
KEEL_BACKWARD(keel_selu_gradient, dy[i] * (SELU_SCALE * elu_slope(x[i], SELU_ALPHA)))
KEEL_BACKWARD(keel_gelu_gradient, dy[i] * gelu_slope(x[i]))
KEEL_BACKWARD(keel_silu_gradient, dy[i] * silu_slope(x[i]))
KEEL_BACKWARD(keel_softplus_gradient, dy[i] * sigmoid_of(a * x[i]))
KEEL_BACKWARD(keel_sigmoid_gradient, dy[i] * (y[i] * (1 - y[i])))
KEEL_BACKWARD(keel_tanh_gradient, dy[i] * (1 - y[i] * y[i]))
KEEL_BACKWARD(keel_hard_tanh_gradient, x[i] <= -1 || x[i] >= 1 ? 0 : dy[i])
KEEL_BACKWARD(keel_exponential_gradient, dy[i] * y[i])

KEEL_KERNEL(float, keel_prelu_slope_gradient,
            (const float *x, const float *dy, size_t n),
            (x, dy, n)) {
  double sum = 0;
  KEEL_VECTORIZE for (size_t i = 0; i < n; i++) {
    KEEL_REASSOCIATE
    sum += x[i] >= 0 ? 0 : (double)dy[i] * x[i];
  }
  return (float)sum;
}

KEEL_KERNEL(int64_t, keel_softmax,
            (const float *x, float *y, size_t rows, size_t columns),
            (x, y, rows, columns)) {
  int64_t total = 0;
  for (size_t r = 0; r < rows; r++, x += columns, y += columns) {
    total += count_non_finite(x, columns);
    float factor = (float)(1 / exponentials(x, row_maximum(x, columns), y, columns));
    KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) y[c] *= factor;
  }
  return total;
}

/// dx = y · (dy − Σ y·dy).
KEEL_INLINE void softmax_gradient_row(const float *y, const float *dy, float *dx, size_t columns,
                                      int accumulate) {
  double dot = 0;
  KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) {
    KEEL_REASSOCIATE
    dot += (double)y[c] * dy[c];
  }
  float mean = (float)dot;
  if (accumulate) {
    KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) dx[c] += y[c] * (dy[c] - mean);
  } else {
    KEEL_VECTORIZE for (size_t c = 0; c < columns; c++) dx[c] = y[c] * (dy[c] - mean);
  }
}

KEEL_KERNEL(int64_t, keel_softmax_gradient,
            (const float *y, const float *dy, float *dx, size_t rows, size_t columns,
             int accumulate),
            (y, dy, dx, rows, columns, accumulate)) {
  int64_t total = 0;
  for (size_t r = 0; r < rows; r++) {
    size_t row = r * columns;
    total += count_non_finite(dy + row, columns);
    softmax_gradient_row(y + row, dy + row, dx + row, columns, accumulate);
  }
  return total;
}
