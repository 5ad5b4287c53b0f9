// A classifier of spirals, two hidden layers of tanh, by stochastic gradient descent with weight
// decay; it writes a table: step,loss.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { D = 2, H = 24, K = 3, N = 300, B = 32 };

static double uniform(void) { return (rand() + 1.0) / (RAND_MAX + 2.0); }
static double gauss(void) { return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform()); }

static double number(int argc, char **argv, const char *name) {
  for (int i = 1; i + 1 < argc; i++) if (!strcmp(argv[i], name)) return atof(argv[i + 1]);
  fprintf(stderr, "%s is missing\n", name);
  exit(2);
}

static double w1[D][H], b1[H], w2[H][H], b2[H], w3[H][K], b3[K];

int main(int argc, char **argv) {
  double rate = number(argc, argv, "--lr"), gain = number(argc, argv, "--init-gain");
  double decay = number(argc, argv, "--weight-decay"), scale = number(argc, argv, "--input-scale");
  int steps = (int)number(argc, argv, "--steps");
  srand((unsigned)number(argc, argv, "--seed") + 1);
  static double x[N][D];
  static int y[N];
  for (int i = 0; i < N; i++) {
    double r = (i / K + 1.0) / (N / K), a = 4 * r + 2.0943951 * (i % K) + 0.1 * gauss();
    x[i][0] = scale * r * cos(a) * 2, x[i][1] = scale * r * sin(a) * 2, y[i] = i % K;
  }
  for (int d = 0; d < D; d++) for (int h = 0; h < H; h++) w1[d][h] = gain * gauss() / sqrt(D);
  for (int g = 0; g < H; g++) for (int h = 0; h < H; h++) w2[g][h] = gain * gauss() / sqrt(H);
  for (int h = 0; h < H; h++) for (int k = 0; k < K; k++) w3[h][k] = gain * gauss() / sqrt(H);
  FILE *log = fopen("log.csv", "w");
  if (!log) return perror("log.csv"), 1;
  fprintf(log, "step,loss,accuracy\n");
  for (int step = 0; step < steps; step++) {
    static double g1[D][H], g2[H][H], g3[H][K], c1[H], c2[H], c3[K];
    memset(g1, 0, sizeof g1), memset(g2, 0, sizeof g2), memset(g3, 0, sizeof g3);
    memset(c1, 0, sizeof c1), memset(c2, 0, sizeof c2), memset(c3, 0, sizeof c3);
    double loss = 0;
    int right = 0;
    for (int n = 0; n < B; n++) {
      int i = rand() % N, best = 0;
      double a1[H], a2[H], o[K], p[K], sum = 0, top = -INFINITY;
      for (int h = 0; h < H; h++) {
        a1[h] = b1[h];
        for (int d = 0; d < D; d++) a1[h] += x[i][d] * w1[d][h];
        a1[h] = tanh(a1[h]);
      }
      for (int h = 0; h < H; h++) {
        a2[h] = b2[h];
        for (int g = 0; g < H; g++) a2[h] += a1[g] * w2[g][h];
        a2[h] = tanh(a2[h]);
      }
      for (int k = 0; k < K; k++) {
        o[k] = b3[k];
        for (int h = 0; h < H; h++) o[k] += a2[h] * w3[h][k];
        if (o[k] > top) top = o[k], best = k;
      }
      for (int k = 0; k < K; k++) sum += p[k] = exp(o[k] - top);
      loss += (log1p(sum - 1) + top - o[y[i]]) / B;
      right += best == y[i];
      double e2[H] = {0}, e1[H] = {0};
      for (int k = 0; k < K; k++) {
        double e = (p[k] / sum - (k == y[i])) / B;
        c3[k] += e;
        for (int h = 0; h < H; h++) g3[h][k] += e * a2[h], e2[h] += e * w3[h][k];
      }
      for (int h = 0; h < H; h++) {
        e2[h] *= 1 - a2[h] * a2[h], c2[h] += e2[h];
        for (int g = 0; g < H; g++) g2[g][h] += e2[h] * a1[g], e1[g] += e2[h] * w2[g][h];
      }
      for (int h = 0; h < H; h++) {
        e1[h] *= 1 - a1[h] * a1[h], c1[h] += e1[h];
        for (int d = 0; d < D; d++) g1[d][h] += e1[h] * x[i][d];
      }
    }
    fprintf(log, "%d,%g,%g\n", step, loss, right / (double)B);
    fflush(log);
#define STEP(W, G, C, DECAY) for (int j = 0; j < C; j++) (W)[j] -= rate * ((G)[j] + DECAY * (W)[j])
    STEP(&w1[0][0], &g1[0][0], D * H, decay);
    STEP(b1, c1, H, 0);
    STEP(&w2[0][0], &g2[0][0], H * H, decay);
    STEP(b2, c2, H, 0);
    STEP(&w3[0][0], &g3[0][0], H * K, decay);
    STEP(b3, c3, K, 0);
  }
  return 0;
}
