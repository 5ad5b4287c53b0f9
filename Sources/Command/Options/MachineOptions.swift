import ArgumentParser
import Foundation
import KeelAuthoring

/// How much of the machine is used.
struct MachineOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: "Threads that a step is taken on, 1 to 1024; all cores if not given.")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads takes a number from 1 to 1024")
    }
  }

  func apply() {
    MatrixProducts.use(threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
  }
}
