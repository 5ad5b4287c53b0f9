// The arithmetic of Keel: the only place with BLAS, pragmas, threads and run-time CPU dispatch.
//
// Conventions. All tensors are dense, row-major float32. A matrix [rows, columns] has row stride
// `columns`. `n` counts elements. No function allocates, and none reads or writes outside what its
// arguments name. `accumulate` != 0 adds to the destination instead of overwriting it.
//
// Non-finite values are ordinary inputs: they pass through, and functions that could swallow one
// (an activation, a dropout, a clipped loss) count those they read and return the count.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

// MARK: levels of the processor (Levels/dispatch.c)
//
// Every kernel is there once for each level; on a machine without levels there is one, `baseline`.
// The best that the processor has is used, or the one that the environment's KEEL_KERNELS names.

typedef struct {
  /// `x86-64-v4`, `x86-64-v3`, `baseline`: of more than one, as the x86-64 psABI has them.
  const char *name;
  const char *blas;  ///< what OPENBLAS_CORETYPE calls the level; NULL where BLAS is another.
} keel_level;

/// How many levels the kernels were compiled for, the best first.
size_t keel_level_count(void);
keel_level keel_level_at(size_t index);
int keel_level_is_supported(size_t index);
/// Whether this processor has what OpenBLAS's kernels of a core need.
int keel_blas_core_is_supported(const char *name);
/// The index of the level in use.
size_t keel_current_level(void);
/// Takes the kernels of another level; returns 0, and changes nothing, where the processor lacks it
/// or there is none of that name. Not while a kernel runs.
int keel_use_level(const char *name);

/// What multiplies matrices, in its own words.
const char *keel_blas_name(void);

// MARK: threads (threads.c)

/// Sets how many threads a piece of work may use (at least 1); returns how many that will be.
int keel_set_threads(int threads);
/// How many threads a piece of work may use.
int keel_threads(void);
/// One block of a piece of work; returns 0 where it met what it should not.
typedef int keel_block(void *context, size_t index);
/// Calls body(context, index) for every index below count, on several threads where they are free,
/// and returns whether all of them returned another number than 0. The threads wait parked. What it
/// is called for must not depend on which thread takes which index. Work within work stays on the
/// thread that it is on.
int keel_parallel(size_t count, keel_block *body, void *context);
/// Whether the caller is at work on a block of something that is shared already.
int keel_is_in_block(void);

// MARK: memory (memory.c)

/// Whether the system would give so many bytes of address space now; it is given back at once.
int keel_has_room(size_t bytes);
/// Asks for pages of 2 MiB, where the system has them, for as much of a piece of memory as they
/// fit into: what streams through it, or walks down a column, looks up fewer addresses.
void keel_use_large_pages(void *place, size_t bytes);

// MARK: matrix products (blas.c)
//
// A large product is cut into blocks by its shape alone, each computed by one thread: the result is
// the same whatever the number of threads. Within a block of something else it is not cut.

/// Sees to it that a product finds the memory it needs: OpenBLAS asks for its own without end where
/// the system gives none. Lets fewer products run at a time where there is not enough for all;
/// returns 0 where there is not enough for one. Before the first product, and cheap when it has
/// been done.
int keel_prepare_products(void);
/// All eigenvalues of a symmetric tridiagonal matrix, ascending, in place of its diagonal [n], and
/// their vectors of norm 1 in the rows of `vectors` [n, n]. The elements beside the diagonal,
/// `next` [n − 1], are lost; `work` takes 2n numbers. Returns 0 where LAPACK finds none.
int keel_tridiagonal_eigen(size_t n, double *diagonal, double *next, double *vectors, double *work);
/// c[m, n] = alpha · op(a)[m, k] · op(b)[k, n] + beta · c. `transposeA` != 0: a is stored [k, m].
/// Where beta is 0, c is not read.
void keel_gemm(int transposeA, int transposeB, size_t m, size_t n, size_t k, float alpha,
               const float *a, const float *b, float beta, float *c);
/// keel_gemm for matrices within wider ones: rows lie strideA, strideB and strideC floats apart.
/// None of m, n and k may be 0.
void keel_gemm_strided(int transposeA, int transposeB, size_t m, size_t n, size_t k, float alpha,
                       const float *a, size_t strideA, const float *b, size_t strideB, float beta,
                       float *c, size_t strideC);

/// c[rows, columns] = a · b + bias, or c += a · b. The number at (r, d) of a is
/// a[r · a_row + d · a_depth], that at (d, j) of b is b[d · b_depth + j · b_column]; of each, one
/// of the two steps is 1. c's rows lie c_row floats apart. The bias, [columns], may be NULL, and
/// must be if `adds`. No extent is 0.
typedef struct {
  size_t rows, columns, depth;
  const float *a;
  size_t a_row, a_depth;
  const float *b;
  size_t b_depth, b_column;
  const float *bias;
  int adds;
  float *c;
  size_t c_row;
} keel_product;
/// By keel_multiply_packed where it pays and `room`, of so many floats, is large enough; else by
/// BLAS. The room may be NULL where it has none.
void keel_multiply(const keel_product *product, float *room, size_t floats);

// MARK: large products (products.c)
//
// Where OpenBLAS packs a matrix anew for each block, here it is packed once for all threads.

/// Floats of room that a product needs; 0: BLAS is as fast, or faster. It grows with every extent.
size_t keel_product_room(size_t rows, size_t columns, size_t depth);
/// Where keel_product_room is not 0; `room` has as many floats as that.
void keel_multiply_packed(const keel_product *product, float *room);

// MARK: products with packed weights (panels.c)
//
// Near what a processor can do, where keel_gemm packs the same weights anew for every product.

/// Floats of packed weights.
size_t keel_panel_floats(size_t outputs, size_t depth);
/// Packs weight[rows, columns], or its transpose, for products with [depth, outputs].
void keel_pack_panels(const float *weight, size_t rows, size_t columns, int transposed,
                      float *panels);
/// Floats from packed weights to a row of them: from there on a product takes fewer than all.
size_t keel_panel_place(size_t row);
/// y = x · w, or y += x · w, x [rows, depth] and y [rows, outputs] with rows x_row and y_row floats
/// apart; w are the first `depth` of the `panel_rows` rows that were packed. With a bias y is
/// overwritten: it is added to each row; NULL: none.
void keel_panel_product(size_t rows, size_t outputs, size_t depth, const float *x, size_t x_row,
                        const float *panels, size_t panel_rows, const float *bias, float *y,
                        size_t y_row, int adds);

// MARK: measuring (moments.c)

/// One pass over a tensor.
typedef struct {
  /// NaN if an element is NaN, else Inf if one is infinite; never overflows.
  double sum_of_squares;
  float largest;          ///< largest magnitude; Inf if an element is infinite; a NaN is skipped.
  int64_t non_finite;     ///< how many elements are NaN or infinite.
} keel_moments;

keel_moments keel_measure(const float *x, size_t n);
/// Index of the first NaN or infinity, or n.
size_t keel_first_non_finite(const float *x, size_t n);
/// g += 2·l2·w + l1·sign(w) in one pass; returns the moments of the new g.
keel_moments keel_penalize(float *g, const float *w, size_t n, float l1, float l2);
/// x = x · factor with the product taken in double; returns the moments of the result.
keel_moments keel_scale(float *x, size_t n, double factor);
/// x = min(max(x, -limit), limit); a NaN stays NaN; ±Inf stays ±Inf (never hidden by a clip).
keel_moments keel_clamp(float *x, size_t n, float limit);
/// Scales each row of g[rows, columns] whose norm exceeds ratio·max(‖w‖, floor), w the same row of
/// the weights, back to that; returns the moments of the result. A row whose norm, or whose
/// weights', is not finite stays as it is.
keel_moments keel_limit_unit_norms(float *g, const float *w, size_t rows, size_t columns,
                                   double ratio, double floor);

// MARK: element-wise (elementwise.c)

void keel_fill(float *x, size_t n, float value);
/// y = a + b.
void keel_add(const float *a, const float *b, float *y, size_t n);
/// y = x, or y += x.
void keel_copy(const float *x, float *y, size_t n, int accumulate);
/// y += alpha · x.
void keel_axpy(float alpha, const float *x, float *y, size_t n);
double keel_dot(const float *x, const float *y, size_t n);
/// y[r, :] = b for every row.
void keel_broadcast_rows(const float *b, float *y, size_t rows, size_t columns);
/// sums[c] = Σ_r x[r, c].
void keel_column_sums(const float *x, float *sums, size_t rows, size_t columns);
/// y[i] = Σ x[lane · stride + i] over the lanes, in their order.
void keel_sum_lanes(const float *x, size_t stride, size_t lanes, float *y, size_t n);
/// out[i, :] = table[indices[i], :].
void keel_gather_rows(const float *table, const int32_t *indices, float *out, size_t rows,
                      size_t columns);
/// dx = dy · mask (or +=); returns the count of non-finite dy.
int64_t keel_mask(const float *dy, const float *mask, float *dx, size_t n, int accumulate);
/// Scales each row of w[rows, columns] whose Euclidean norm exceeds limit back to limit.
void keel_limit_row_norms(float *w, size_t rows, size_t columns, float limit);

// MARK: activations (activations.c)
//
// forward: y = f(x); returns the count of non-finite x. f(NaN) is NaN for every f.
// backward: dx = dy · f'(x) (or +=), with x and y as in forward; returns the count of non-finite
// dy. `a` is the activation's one setting (slope, alpha, beta), unused where it has none.
// Formulas as in PyTorch. Relative error of exp, tanh, sigmoid below 1e-6 over the whole range
// (absolute below 1e-37 where the result is that small); exp overflows to +Inf above 88.72284.

typedef int64_t keel_activation_forward(const float *x, float *y, size_t n, float a);
typedef int64_t keel_activation_backward(const float *x, const float *y, const float *dy, float *dx,
                                         size_t n, float a, int accumulate);

keel_activation_forward keel_relu, keel_leaky_relu, keel_elu, keel_selu, keel_gelu, keel_silu,
    keel_softplus, keel_sigmoid, keel_tanh, keel_hard_tanh, keel_exponential;
keel_activation_backward keel_relu_gradient, keel_leaky_relu_gradient, keel_elu_gradient,
    keel_selu_gradient, keel_gelu_gradient, keel_silu_gradient, keel_softplus_gradient,
    keel_sigmoid_gradient, keel_tanh_gradient, keel_hard_tanh_gradient, keel_exponential_gradient;

/// Σ over x < 0 of dy · x: the gradient of PReLU's one slope (its dx is
/// keel_leaky_relu_gradient's).
float keel_prelu_slope_gradient(const float *x, const float *dy, size_t n);
/// Row-wise softmax, shifted by the row's maximum; returns the count of non-finite x.
int64_t keel_softmax(const float *x, float *y, size_t rows, size_t columns);
int64_t keel_softmax_gradient(const float *y, const float *dy, float *dx, size_t rows,
                              size_t columns, int accumulate);

// MARK: normalisation (normalization.c)

/// Into how many parts, each with sums of its own, the rows of a batch are cut at the most.
enum { KEEL_NORM_PARTS = 16 };

/// Per-column standardisation over rows, then gain and bias: y = gain · x̂ + bias,
/// x̂ = (x − mean)/√(var + epsilon), var biased. Writes `mean`, `variance` and `inverse` (=
/// 1/√(var + epsilon)), [columns] each; sums are taken in double, two passes, so that a finite x
/// of any magnitude gives a finite x̂. Any of gain, bias may be NULL. `scratch` is
/// 2·(KEEL_NORM_PARTS + 1)·columns doubles, needed during the call only.
int64_t keel_batch_norm(const float *x, const float *gain, const float *bias, float *y, float *mean,
                        double *variance, float *inverse, double *scratch, size_t rows,
                        size_t columns, double epsilon);
/// The same with given statistics (evaluation).
void keel_batch_norm_fixed(const float *x, const float *gain, const float *bias, const float *mean,
                           const float *variance, float *y, size_t rows, size_t columns,
                           double epsilon);
/// dx (or +=; may be NULL), d_gain and d_bias from keel_batch_norm's x, mean and inverse.
int64_t keel_batch_norm_gradient(const float *x, const float *gain, const float *mean,
                                 const float *inverse, const float *dy, float *dx, float *d_gain,
                                 float *d_bias, double *scratch, size_t rows, size_t columns,
                                 int accumulate);

// MARK: images (convolution.c, direct.c, pooling.c)
//
// An image is [height, width, channels], a batch of them [rows, height, width, channels]: the
// channels of one pixel lie together. `rows` counts images.

/// How a square window walks over an image. Output pixel (y, x) sees the input pixels
/// (y·stride + i·dilation − top, x·stride + j·dilation − left), 0 ≤ i, j < size; those outside the
/// image are 0 to a convolution and do not exist to a pool, which has dilation 1 and sees at least
/// one pixel everywhere.
typedef struct {
  size_t height, width, channels;
  size_t output_height, output_width;
  size_t size, stride, dilation;
  size_t top, left;
} keel_window;

/// y = x ∗ weight + bias. Weight [filters, size, size, channels/groups], bias [filters] or NULL, y
/// [rows, output_height, output_width, filters]. Each group of filters sees its own group of
/// channels. Works on `block` output pixels at a time; `columns` has room for
/// block · size² · channels/groups floats.
void keel_convolution(keel_window window, size_t filters, size_t groups, const float *x,
                      const float *weight, const float *bias, float *y, float *columns,
                      size_t block, size_t rows);
/// d_weight, and dx (or +=; may be NULL).
void keel_convolution_gradient(keel_window window, size_t filters, size_t groups, const float *x,
                               const float *weight, const float *dy, float *d_weight, float *dx,
                               float *columns, size_t block, size_t rows, int accumulate);
/// The same two without gathering (direct.c): faster where windows are small, and not for every
/// shape. `has_gradient`: whether dx is wanted, ever.
int keel_suits_direct_convolution(keel_window window, size_t filters, size_t groups,
                                  int has_gradient);
/// Floats of the weights in the order in which both read them, and of `scratch`.
size_t keel_packed_floats(keel_window window, size_t filters, size_t groups);
size_t keel_direct_floats(keel_window window, size_t filters, size_t groups);
void keel_pack_weights(keel_window window, size_t filters, size_t groups, const float *weight,
                       int has_gradient, float *target);
void keel_direct_convolution(keel_window window, size_t filters, size_t groups, const float *x,
                             const float *weights, const float *bias, float *y, float *scratch,
                             size_t rows);
void keel_direct_convolution_gradient(keel_window window, size_t filters, size_t groups,
                                      const float *x, const float *weights, const float *dy,
                                      float *d_weight, float *dx, float *scratch, size_t rows,
                                      int accumulate);
/// y = the largest input of the window, the first of equals; a NaN is larger than any number.
/// `taps`, as many as y, gets its place in the window, i·size + j. Returns the count of non-finite
/// x.
int64_t keel_max_pool(keel_window window, const float *x, float *y, int32_t *taps, size_t rows);
/// dx (or +=) = dy where an input was the largest.
void keel_max_pool_gradient(keel_window window, const int32_t *taps, const float *dy, float *dx,
                            size_t rows, int accumulate);
/// y = the mean of the window's inputs; pixels outside the image do not count.
void keel_average_pool(keel_window window, const float *x, float *y, size_t rows);
void keel_average_pool_gradient(keel_window window, const float *dy, float *dx, size_t rows,
                                int accumulate);
/// y[r, :] = the mean of x[r, p, :] over `pixels`.
void keel_average_pixels(const float *x, float *y, size_t rows, size_t pixels, size_t channels);
void keel_average_pixels_gradient(const float *dy, float *dx, size_t rows, size_t pixels,
                                  size_t channels, int accumulate);

// MARK: normalisation of rows (layer_norm.c)
//
// `x_stride` and its like are floats from one row to the next, so that a row may be a part of a
// longer one. `centred` == 0 leaves the mean in: RMS norm.

/// y = gain · (x − mean)/√(mean square of it + epsilon) + bias, row by row; bias may be NULL.
/// `statistics`, [rows, 2], become mean and 1/√(…); in double, so that a finite x of any magnitude
/// gives a finite x̂. Returns the count of non-finite x.
int64_t keel_layer_norm(const float *x, size_t x_stride, const float *gain, const float *bias,
                        float *y, size_t y_stride, double *statistics, size_t rows, size_t columns,
                        double epsilon, int centred);
/// dx (or +=; may be NULL), and what the rows add to the sums that the gradients of gain and bias
/// are; bias_sums may be NULL. Returns the count of non-finite dy.
int64_t keel_layer_norm_gradient(const float *x, size_t x_stride, const float *gain,
                                 const double *statistics, const float *dy, size_t dy_stride,
                                 float *dx, size_t dx_stride, double *gain_sums, double *bias_sums,
                                 size_t rows, size_t columns, int centred, int accumulate);
/// rounded = sums.
void keel_round_sums(const double *sums, float *rounded, size_t n);

// MARK: normalisation of groups of channels (group_norm.c)

/// y = gain · (x − mean)/√(variance + epsilon) + bias, x [rows, pixels, channels], over each group
/// of channels / groups in all pixels of a row. `statistics`, [rows, groups, 2], become mean and
/// 1/√(…). Returns the count of non-finite x.
int64_t keel_group_norm(const float *x, const float *gain, const float *bias, float *y,
                        double *statistics, size_t rows, size_t pixels, size_t channels,
                        size_t groups, double epsilon);
/// dx (or +=; may be NULL), and what the rows add to the sums that the gradients of gain and bias
/// are. Returns the count of non-finite dy.
int64_t keel_group_norm_gradient(const float *x, const float *gain, const double *statistics,
                                 const float *dy, float *dx, double *gain_sums, double *bias_sums,
                                 size_t rows, size_t pixels, size_t channels, size_t groups,
                                 int accumulate);

// MARK: embedding (embedding.c)

/// out[r, t, :] = table[ids[r, t], :] + positions[t, :]; positions may be NULL. An id that is not a
/// whole number of 0 ..< tokens (at most 2^24) gives NaN; returns how many there were.
int64_t keel_embedding(const float *ids, const float *table, const float *positions, float *out,
                       size_t rows, size_t time, size_t tokens, size_t columns);
/// d_table[id, :] = Σ of dy where the id stands, d_positions[t, :] = Σ over rows; the latter may be
/// NULL.
void keel_embedding_gradient(const float *ids, const float *dy, float *d_table,
                             float *d_positions, size_t rows, size_t time, size_t tokens,
                             size_t columns);

// MARK: attention (attention.c)

/// Row r, time t and head h of queries and keys begin at (r·time + t)·query_stride + h·width, those
/// of values at (r·time + t)·value_stride + h·width.
typedef struct {
  size_t rows, time, heads, width, query_stride, value_stride;
  int causal;
} keel_attention_layout;

/// weights[rows, heads, time, time] = softmax over keys of queries·keys/√width, a causal one of the
/// keys up to the query's time; context[rows, time, heads·width] = weights·values. Returns the
/// count of non-finite scores.
int64_t keel_attention(keel_attention_layout layout, const float *queries, const float *keys,
                       const float *values, float *weights, float *context);
/// The gradients, laid out as what they belong to; `scratch` is [time, time]. Returns the count of
/// non-finite gradients of the weights.
int64_t keel_attention_gradient(keel_attention_layout layout, const float *queries,
                                const float *keys, const float *values, const float *weights,
                                const float *d_context, float *scratch, float *d_queries,
                                float *d_keys, float *d_values);

// MARK: recurrence (recurrence.c)
//
// One step in time over `rows` rows. Gates lie side by side, [rows, gates · units], in PyTorch's
// order: input, forget, candidate, output (LSTM); reset, update, new (GRU). A pre-activation that
// is not finite makes NaN of the state: the gate alone would hide it.

/// y[inner, outer, width] = x[outer, inner, width] (or +=).
void keel_swap_axes(const float *x, float *y, size_t outer, size_t inner, size_t width,
                    int accumulate);
/// cells = f · previous + i · g, states = o · tanh(cells). `gates` holds pre-activations and gets
/// the gates; returns how many of them were non-finite.
int64_t keel_lstm(float *gates, const float *previous, float *cells, float *states, size_t rows,
                  size_t units);
/// From the gradient of states and, in d_cells, what later steps want of the cells: the gradient of
/// the pre-activations; d_cells becomes that of the previous cells. Returns the count of non-finite
/// gradients read.
int64_t keel_lstm_gradient(const float *gates, const float *previous, const float *cells,
                           const float *d_states, float *d_cells, float *d_gates, size_t rows,
                           size_t units);
/// n = tanh(gates_n + r · c), c = products_n + bias; states = (1 − z) · n + z · previous. `gates`
/// holds what the inputs give and gets the gates, `products` [rows, 3 · units] is what the previous
/// states give; `candidates` gets c.
int64_t keel_gru(float *gates, const float *products, const float *bias, const float *previous,
                 float *candidates, float *states, size_t rows, size_t units);
/// The gradient of gates' pre-activations and of candidates; d_previous += d_states · z (NULL: not
/// wanted).
int64_t keel_gru_gradient(const float *gates, const float *candidates, const float *previous,
                          const float *d_states, float *d_gates, float *d_candidates,
                          float *d_previous, size_t rows, size_t units);

// MARK: losses (losses.c)
//
// Each returns the *sum* of the loss over rows (and columns) in double and how many outputs were
// non-finite. `gradient` (NULL: not wanted) = scale · d(sum)/d(output).

typedef struct {
  double sum;
  int64_t non_finite;
} keel_loss;

keel_loss keel_softmax_cross_entropy(const float *logits, const float *targets, float *gradient,
                                     size_t rows, size_t columns, float scale);
keel_loss keel_sigmoid_cross_entropy(const float *logits, const float *targets, float *gradient,
                                     size_t n, float scale);
/// p = output/Σ output per row, clipped to [1e-7, 1 − 1e-7], −Σ t·log p (Keras). Where clipped the
/// gradient of the clip is 0; NaN and 0/0 pass through.
keel_loss keel_cross_entropy(const float *output, const float *targets, float *gradient,
                             size_t rows, size_t columns, float scale);
/// p = output clipped to [1e-7, 1 − 1e-7]; −t·log p − (1 − t)·log(1 − p) (Keras).
keel_loss keel_binary_cross_entropy(const float *output, const float *targets, float *gradient,
                                    size_t n, float scale);
/// The square of a finite difference is taken in double, so the sum does not overflow; the gradient
/// is float.
keel_loss keel_squared_error(const float *output, const float *targets, float *gradient, size_t n,
                             float scale);
keel_loss keel_absolute_error(const float *output, const float *targets, float *gradient, size_t n,
                              float scale);
keel_loss keel_huber(const float *output, const float *targets, float *gradient, size_t n,
                     float scale, float delta);

/// exp(y) − t·y: beyond y = 88.7 it is infinite.
keel_loss keel_poisson(const float *output, const float *targets, float *gradient, size_t n,
                       float scale);

// MARK: optimizers (optimizers.c)
//
// Each reads g · scale as the gradient (scale is the clip's factor), updates w and its own state in
// one pass, and measures what it did. Formulas as in PyTorch.

typedef struct {
  double update_squares;  ///< Σ (w_new − w_old)²
  double weight_squares;  ///< Σ w_new²
  int64_t non_finite;     ///< non-finite elements of the new w and of the new state together
} keel_update;

/// v = momentum·v + g; w −= lr · (nesterov ? g + momentum·v : v). velocity may be NULL if momentum
/// is 0.
keel_update keel_sgd(float *w, const float *g, float *velocity, size_t n, float scale, float lr,
                     float momentum, int nesterov);
/// s += g²; w −= lr · g/(√s + epsilon).
keel_update keel_adagrad(float *w, const float *g, float *squares, size_t n, float scale, float lr,
                         float epsilon);
/// s = rho·s + (1 − rho)·g²; w −= lr · g/(√s + epsilon).
keel_update keel_rmsprop(float *w, const float *g, float *squares, size_t n, float scale, float lr,
                         double rho, float epsilon);
/// t counts from 1. m, v: first and second moments with bias correction; AdamW's decoupled decay
/// first: w −= lr·decay·w; then w −= (lr/(1 − beta1^t)) · m/(√v/√(1 − beta2^t) + epsilon).
keel_update keel_adam(float *w, const float *g, float *m, float *v, size_t n, float scale,
                      double lr, double beta1, double beta2, double epsilon, double decay,
                      int64_t t);
/// Σ g²/max(v̂, epsilon²) with v̂ as the next keel_adam of this g will have it; changes nothing.
/// NaN where a gradient is, or where its square overflows.
double keel_adam_surprise(const float *g, const float *v, size_t n, float scale, double beta2,
                          double epsilon, int64_t t);
/// s = rho·s + (1 − rho)·g²; d = √(u + epsilon)/√(s + epsilon)·g; u = rho·u + (1 − rho)·d²;
/// w −= lr·d. `squares` is s, `steps` is u.
keel_update keel_adadelta(float *w, const float *g, float *squares, float *steps, size_t n,
                          float scale, float lr, double rho, float epsilon);

// MARK: random numbers (random.c)
//
// Philox4x32-10 (Salmon et al., SC 2011). Element i is word i % 4 of block counter + i / 4 under
// `key`, so a stream can be entered anywhere. A call that draws n numbers uses ⌈n/4⌉ blocks.

void keel_random_words(uint32_t *out, size_t n, uint64_t key, uint64_t counter);
/// low + (high − low)·u, u in [0, 1) with 24 bits.
void keel_random_uniform(float *out, size_t n, uint64_t key, uint64_t counter, float low,
                         float high);
/// Box–Muller on consecutive pairs of words; |z| ≤ 6.8.
void keel_random_normal(float *out, size_t n, uint64_t key, uint64_t counter, float mean,
                        float std);
/// mask = 0 with probability rate, else 1/(1 − rate); y = mask != 0 ? x·mask : 0.
int64_t keel_dropout(const float *x, float *y, float *mask, size_t n, float rate, uint64_t key,
                     uint64_t counter);

#endif
