// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "Keel", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
  ],
  targets: [
    .executableTarget(
      name: "steps",
      dependencies: [
        .product(name: "Keel", package: "Keel"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/Steps"),
    // What is chosen from for a table, and one row of it.
    .target(
      name: "Tables",
      dependencies: [
        .product(name: "Keel", package: "Keel"),
        .product(name: "KeelBenchmarks", package: "Keel"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tables"),
    .executableTarget(
      name: "cases",
      dependencies: ["Tables", .product(name: "KeelArchive", package: "Keel")],
      path: "Cases", exclude: ["Variants"]),
    .executableTarget(
      name: "trainings",
      dependencies: ["Tables", .product(name: "KeelArchive", package: "Keel")],
      path: "Trainings"),
    .executableTarget(
      name: "matrix",
      dependencies: [
        .product(name: "Keel", package: "Keel"),
        .product(name: "KeelBenchmarks", package: "Keel"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Matrix"),
  ],
  swiftLanguageModes: [.v6])
