// swift-tools-version: 6.2
import PackageDescription

// Apart from the rest: all that it is built of is instrumented.
let package = Package(
  name: "ReaderFuzz",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Keel", path: "../../..")],
  targets: [
    .executableTarget(
      name: "readers", dependencies: [.product(name: "KeelLogs", package: "Keel")],
      path: "Sources",
      swiftSettings: [.unsafeFlags(["-parse-as-library"])])
  ])
