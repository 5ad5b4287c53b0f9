// Matrix products: row-major shapes turned into one call of the platform's BLAS.
#if defined(__APPLE__)
#define ACCELERATE_NEW_LAPACK
#include <Accelerate/Accelerate.h>
#else
#include <cblas.h>
#endif

#include "Kernels.h"

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
  cblas_sgemm(CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
              transposeB ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, alpha, a,
              (int)strideA, b, (int)strideB, beta, c, (int)strideC);
}

int keel_set_threads(int threads) {
  threads = threads < 1 ? 1 : threads;
#if defined(__APPLE__)
  return threads;  // Accelerate decides for itself.
#else
  openblas_set_num_threads(threads);
  return openblas_get_num_threads();
#endif
}
