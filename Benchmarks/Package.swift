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
    .executableTarget(
      name: "cases",
      dependencies: [
        .product(name: "Keel", package: "Keel"),
        .product(name: "KeelArchive", package: "Keel"),
        .product(name: "KeelBenchmarks", package: "Keel"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Cases", exclude: ["Variants"]),
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
