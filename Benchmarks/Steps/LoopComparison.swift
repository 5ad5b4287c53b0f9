import Foundation
import KeelAuthoring

/// Ways to step a run beside each other: each in turn, of as many steps.
struct LoopComparison {
  private let workloads: [Workload]
  private let pairs: Int

  init(_ workloads: [Workload], pairs: Int) { (self.workloads, self.pairs) = (workloads, pairs) }

  func print() async throws {
    Swift.print("| training | a step in one go | run.steps | step() in the run | train(steps: 1) |")
    Swift.print("| --- | --- | --- | --- | --- |")
    for workload in workloads { Swift.print(try await row(workload)) }
  }

  private func row(_ workload: Workload) async throws -> String {
    let run = try workload.run()
    let count = workload.steps
    _ = await run.train(steps: count / 2)
    var times: [[Double]] = [[], [], [], []]
    for _ in 0..<pairs {
      times[0].append(await Self.seconds { _ = await run.train(steps: count) })
      times[1].append(
        await Self.seconds {
          var left = count
          for await _ in run.steps {
            left -= 1
            if left == 0 { break }
          }
        })
      times[2].append(await Self.seconds { await run.take(count) })
      times[3].append(
        await Self.seconds { for _ in 0..<count { _ = await run.train(steps: 1) } })
    }
    func ratio(_ way: Int) -> String {
      let ratios = zip(times[way], times[0]).map { $0 / $1 }.sorted()
      return String(format: "%.2f", ratios[ratios.count / 2])
    }
    let whole = times[0].sorted()[pairs / 2] / Double(count) * 1e6
    return "| \(workload.name) | \(String(format: "%.1f µs", whole)) "
      + "| \(ratio(1)) | \(ratio(2)) | \(ratio(3)) |"
  }

  private static func seconds(_ work: () async -> Void) async -> Double {
    let start = ContinuousClock.now
    await work()
    return (ContinuousClock.now - start) / .seconds(1)
  }
}

extension Run {
  /// A loop on the run's own thread.
  fileprivate func take(_ count: Int) {
    for _ in 0..<count { _ = step() }
  }
}
