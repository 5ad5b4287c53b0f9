// Matrix products: row-major shapes turned into calls of the platform's BLAS.
#if defined(__APPLE__)
#define ACCELERATE_NEW_LAPACK
#include <Accelerate/Accelerate.h>
#else
#include <cblas.h>
#endif

#if !defined(__APPLE__)
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "CKernels.h"

/// A product, or a part of one; see keel_gemm_strided.
typedef struct {
  int transposeA, transposeB;
  size_t m, n, k;
  float alpha;
  const float *a;
  size_t strideA;
  const float *b;
  size_t strideB;
  float beta;
  float *c;
  size_t strideC;
  /// What every row of c begins as, [n]; NULL: c itself.
  const float *bias;
} product;

/// With no memory but the operands'.
static void call_plainly(const product *p) {
  size_t stepA = p->transposeA ? p->strideA : 1, stepB = p->transposeB ? 1 : p->strideB;
  for (size_t row = 0; row < p->m; row++) {
    const float *a = p->a + row * (p->transposeA ? 1 : p->strideA);
    for (size_t column = 0; column < p->n; column++) {
      const float *b = p->b + column * (p->transposeB ? p->strideB : 1);
      float sum = 0, *c = p->c + row * p->strideC + column;
      for (size_t i = 0; i < p->k; i++) sum += a[i * stepA] * b[i * stepB];
      float old = p->bias ? p->bias[column] : p->beta == 0 ? 0 : *c;
      *c = p->alpha * sum + (p->beta == 0 ? 0 : p->beta * old);
    }
  }
}

static void call(const product *p) {
  for (size_t row = 0; p->bias && row < p->m; row++) {
    memcpy(p->c + row * p->strideC, p->bias, p->n * sizeof *p->c);
  }
  cblas_sgemm(CblasRowMajor, p->transposeA ? CblasTrans : CblasNoTrans,
              p->transposeB ? CblasTrans : CblasNoTrans, (int)p->m, (int)p->n, (int)p->k, p->alpha,
              p->a, (int)p->strideA, p->b, (int)p->strideB, p->beta, p->c, (int)p->strideC);
}

#if defined(__APPLE__)

// Accelerate cuts products up for itself, and takes the memory it needs.
static void multiply_in_blocks(const product *p) { call(p); }
int keel_prepare_products(void) { return 1; }

#else

// MARK: OpenBLAS's own memory
//
// OpenBLAS maps a buffer for each product that runs at the same time, keeps it, and where the
// system gives none asks again without end. So there are as many buffers as were found to fit,
// taken before the first product, and no more products at a time. Where not even one fits, what
// multiplies before a plan is refused (data that are made) does it plainly.

enum {
  /// One buffer; 128 MiB on x86-64, no more elsewhere.
  BUFFER_BYTES = 128 << 20,
  /// What is left at the least for all else.
  SPARE_BYTES = 32 << 20,
  /// OpenBLAS has room for twice as many as the processors it was built for.
  MOST_BUFFERS = 64,
};

static struct {
  pthread_mutex_t lock;
  pthread_cond_t returned;
  atomic_int free, waiting;
  atomic_int is_prepared, is_refused;
} buffers = {.lock = PTHREAD_MUTEX_INITIALIZER, .returned = PTHREAD_COND_INITIALIZER};

static int try_buffer(void) {
  int count = atomic_load(&buffers.free);
  while (count > 0) {
    if (atomic_compare_exchange_weak(&buffers.free, &count, count - 1)) return 1;
  }
  return 0;
}

static void multiply(const product *p) {
  if (!keel_prepare_products()) {
    // For good: data that were made otherwise are not trained on.
    atomic_store(&buffers.is_refused, 1);
    return call_plainly(p);
  }
  if (!try_buffer()) {
    pthread_mutex_lock(&buffers.lock);
    atomic_fetch_add(&buffers.waiting, 1);
    while (!try_buffer()) pthread_cond_wait(&buffers.returned, &buffers.lock);
    atomic_fetch_sub(&buffers.waiting, 1);
    pthread_mutex_unlock(&buffers.lock);
  }
  call(p);
  atomic_fetch_add(&buffers.free, 1);
  if (atomic_load(&buffers.waiting) == 0) return;
  pthread_mutex_lock(&buffers.lock);
  pthread_cond_signal(&buffers.returned);
  pthread_mutex_unlock(&buffers.lock);
}

/// All of them at once, so that each is mapped, and then given back. Where the library hides how,
/// they are mapped when they are needed.
static void map_buffers(int count) {
  void *(*take)(int) = (void *(*)(int))dlsym(RTLD_DEFAULT, "blas_memory_alloc");
  void (*give)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, "blas_memory_free");
  if (!take || !give) return;
  void *taken[MOST_BUFFERS];
  for (int index = 0; index < count; index++) taken[index] = take(0);
  for (int index = 0; index < count; index++) give(taken[index]);
}

int keel_prepare_products(void) {
  if (atomic_load(&buffers.is_prepared)) return 1;
  if (atomic_load(&buffers.is_refused)) return 0;
  pthread_mutex_lock(&buffers.lock);
  if (!atomic_load(&buffers.is_prepared)) {
    // One a thread of a product, and one for each of the trainings that may run side by side.
    int count = 2 * keel_threads();
    if (count > MOST_BUFFERS) count = MOST_BUFFERS;
    // As much again is left for all else, but for the one that there must be.
    while (count > 1 && !keel_has_room(2 * (size_t)count * BUFFER_BYTES)) count--;
    if (count == 1 && !keel_has_room(BUFFER_BYTES + SPARE_BYTES)) count = 0;
    if (count > 0) {
      map_buffers(count);
      atomic_store(&buffers.free, count);
      atomic_store(&buffers.is_prepared, 1);
    }
  }
  pthread_mutex_unlock(&buffers.lock);
  return atomic_load(&buffers.is_prepared);
}

/// A product cut along its rows or its columns, whichever are more.
typedef struct {
  const product *whole;
  size_t width;
  int isByRows;
} cut;

enum {
  /// Multiply-adds that are worth a second thread: about 10 µs of one.
  LEAST_WORK = 1 << 19,
  /// A block narrower than this spends its time on packing the operand that all blocks share.
  LEAST_WIDTH = 32,
  MOST_BLOCKS = 16,
};

static int multiply_block(void *context, size_t index) {
  const cut *c = context;
  product p = *c->whole;
  size_t start = index * c->width;
  if (c->isByRows) {
    p.m = p.m - start < c->width ? p.m - start : c->width;
    p.a += p.transposeA ? start : start * p.strideA;
    p.c += start * p.strideC;
  } else {
    p.n = p.n - start < c->width ? p.n - start : c->width;
    p.b += p.transposeB ? start * p.strideB : start;
    p.c += start;
    if (p.bias) p.bias += start;
  }
  multiply(&p);
  return 1;
}

/// By shape alone, so that the number of threads changes no bit.
static void multiply_in_blocks(const product *p) {
  if (keel_is_in_block()) return multiply(p);
  int isByRows = p->m >= p->n;
  size_t extent = isByRows ? p->m : p->n;
  // No overflow: both extents are those of a matrix that lies in memory.
  size_t blocks = p->m * p->n / LEAST_WORK * p->k + p->m * p->n % LEAST_WORK * p->k / LEAST_WORK;
  if (blocks > extent / LEAST_WIDTH) blocks = extent / LEAST_WIDTH;
  if (blocks > MOST_BLOCKS) blocks = MOST_BLOCKS;
  if (blocks < 2) return multiply(p);
  size_t width = ((extent + blocks - 1) / blocks + 15) / 16 * 16;
  cut c = {p, width, isByRows};
  keel_parallel((extent + width - 1) / width, multiply_block, &c);
}

/// OpenBLAS's own threads wait by spinning, which starves whatever runs beside them.
__attribute__((constructor)) static void use_one_thread(void) { openblas_set_num_threads(1); }

#endif

void keel_gemm(int transposeA, int transposeB, size_t m, size_t n, size_t k, float alpha,
               const float *a, const float *b, float beta, float *c) {
  if (m == 0 || n == 0) return;
  if (k == 0) {
    for (size_t i = 0; i < m * n; i++) c[i] = beta == 0 ? 0 : beta * c[i];
    return;
  }
  keel_gemm_strided(transposeA, transposeB, m, n, k, alpha, a, transposeA ? m : k, b,
                    transposeB ? k : n, beta, c, n);
}

void keel_gemm_strided(int transposeA, int transposeB, size_t m, size_t n, size_t k, float alpha,
                       const float *a, size_t strideA, const float *b, size_t strideB, float beta,
                       float *c, size_t strideC) {
  if (m == 0 || n == 0 || k == 0) return;
  product p = {transposeA, transposeB, m,    n, k,       alpha, a,
               strideA,    b,          strideB, beta, c, strideC, NULL};
  multiply_in_blocks(&p);
}

void keel_multiply(const keel_product *p, float *room, size_t floats) {
  size_t needed = keel_product_room(p->rows, p->columns, p->depth);
  if (needed > 0 && needed <= floats) return keel_multiply_packed(p, room);
  int transposeA = p->a_depth != 1 || p->a_row < p->depth;
  int transposeB = p->b_column != 1 || p->b_depth < p->columns;
  product q = {transposeA,
               transposeB,
               p->rows,
               p->columns,
               p->depth,
               1,
               p->a,
               transposeA ? p->a_depth : p->a_row,
               p->b,
               transposeB ? p->b_column : p->b_depth,
               p->adds || p->bias ? 1 : 0,
               p->c,
               p->c_row,
               p->adds ? NULL : p->bias};
  multiply_in_blocks(&q);
}

const char *keel_blas_name(void) {
#if defined(__APPLE__)
  return "Accelerate";
#else
  return openblas_get_config();
#endif
}
