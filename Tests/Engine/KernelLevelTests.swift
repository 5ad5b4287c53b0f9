import CKernels
import Foundation
import KeelEngine
import Testing

/// What the levels have in common: results that agree, and bits that do not hang on threads.
@Suite(.serialized) struct KernelLevelTests {
  @Test func theProcessorHasTheLevelInUse() {
    let levels = KernelLevel.all
    print(
      "kernels: \(KernelLevel.current.name) of "
        + levels.map { "\($0.name)\($0.isSupported ? "" : " (not on this processor: untested)")" }
        .joined(separator: ", "))
    #expect(KernelLevel.current.isSupported)
    #expect(levels.contains(KernelLevel.current))
    #expect(levels.last?.name == "baseline" && levels.last?.isSupported == true)
    if let asked = KernelLevel.asked { #expect(KernelLevel.current.name == asked) }
  }

  /// Every kernel that reads and writes one array, at every level there is; in a process of its
  /// own, or the tests beside it would compute with other kernels in the middle of a training.
  @Test func levelsAgree() async {
    await #expect(processExitsWith: .success) {
      guard let disagreement = KernelLevelTests.disagreement() else { return }
      print(disagreement)
      exit(EXIT_FAILURE)
    }
  }

  /// The first level whose results are not those of the level in use; nil where there is none.
  private static func disagreement() -> String? {
    let x = (0..<1037).map { Float(sin(Double($0) * 0.7) * 3) }
    func results() -> [Float] {
      var y = [Float](repeating: 0, count: x.count)
      var all: [Float] = []
      for forward in [keel_relu, keel_gelu, keel_tanh, keel_sigmoid, keel_exponential, keel_silu] {
        if forward(x, &y, x.count, 1) != 0 { all.append(.nan) }
        all += y
      }
      if keel_softmax(x, &y, 17, 61) != 0 { all.append(.nan) }
      all += y + [Float(keel_measure(x, x.count).sum_of_squares), Float(keel_dot(x, y, x.count))]
      keel_random_normal(&y, y.count, 3, 0, 0, 1)
      return all + y
    }
    let reference = results()
    for level in KernelLevel.all where level.isSupported {
      guard keel_use_level(level.name) == 1 else { return "\(level.name) cannot be used" }
      let found = results()
      let isClose = zip(found, reference).allSatisfy { abs($0 - $1) <= 4e-6 * max(1, abs($1)) }
      if !isClose || found.count != reference.count {
        return "\(level.name) computes other results"
      }
    }
    return keel_use_level("x86-64-v9") == 0 ? nil : "a level that there is not can be used"
  }

  /// A sum that is reassociated has the same bits wherever it is taken.
  @Test func aMeasureHasTheSameBitsEverywhere() {
    let x = (0..<5000).map { Float(sin(Double($0))) }
    var scaled = x
    let moments = keel_scale(&scaled, scaled.count, 1.5)
    #expect(moments.sum_of_squares == keel_measure(scaled, scaled.count).sum_of_squares)
    var clamped = x
    let after = keel_clamp(&clamped, clamped.count, 0.5)
    #expect(after.sum_of_squares == keel_measure(clamped, clamped.count).sum_of_squares)
  }

  /// Products of all forms, small, wide, tall and beyond a block, with one thread and with more.
  @Test(arguments: [(3, 5, 7), (64, 512, 128), (700, 64, 300), (1000, 1000, 33), (40, 2000, 900)])
  func aProductHasTheSameBitsOnAnyNumberOfThreads(_ m: Int, _ n: Int, _ k: Int) {
    defer { MatrixProducts.use(threads: ProcessInfo.processInfo.activeProcessorCount) }
    let a = (0..<m * k).map { Float(sin(Double($0) * 0.3)) }
    let b = (0..<k * n).map { Float(cos(Double($0) * 0.11)) }
    for (transposeA, transposeB) in [(0, 0), (0, 1), (1, 0), (1, 1)] as [(Int32, Int32)] {
      func product(_ threads: Int) -> [Float] {
        MatrixProducts.use(threads: threads)
        var c = (0..<m * n).map { Float($0 % 13) }
        keel_gemm(transposeA, transposeB, m, n, k, 0.5, a, b, 1, &c)
        return c
      }
      let one = product(1)
      for threads in 2...4 { #expect(product(threads) == one) }
      // The definition, for one element of each corner.
      for (row, column) in [(0, 0), (m - 1, n - 1), (m / 2, 0)] {
        var sum = 0.0
        for index in 0..<k {
          sum +=
            Double(transposeA == 0 ? a[row * k + index] : a[index * m + row])
            * Double(transposeB == 0 ? b[index * n + column] : b[column * k + index])
        }
        let expected = 0.5 * sum + Double((row * n + column) % 13)
        #expect(abs(Double(one[row * n + column]) - expected) < 1e-3)
      }
    }
  }

  /// Work within work, and of several at once: every block once.
  @Test func workIsDoneOnce() {
    MatrixProducts.use(threads: 4)
    defer { MatrixProducts.use(threads: ProcessInfo.processInfo.activeProcessorCount) }
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<200 {
        var counts = [Int32](repeating: 0, count: 37)
        counts.withUnsafeMutableBufferPointer { buffer in
          let isSound = keel_parallel(
            37,
            {
              $0!.assumingMemoryBound(to: Int32.self)[$1] += 1
              return $1 == 30 ? 0 : 1
            }, buffer.baseAddress)
          #expect(isSound == 0)
        }
        #expect(counts.allSatisfy { $0 == 1 })
      }
    }
  }

  @Test func roomIsAskedForBeforeItIsTaken() throws {
    try Room.check(1 << 20, for: "a test")
    let error = #expect(throws: KeelError.self) { try Room.check(1 << 62, for: "a test") }
    #expect(error?.kind == .exhausted)
  }
}
