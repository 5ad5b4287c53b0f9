// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Keel",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Keel", targets: ["Keel"]),
    .library(name: "KeelAuthoring", targets: ["KeelAuthoring"]),
    .library(name: "KeelArchive", targets: ["KeelArchive"]),
    .library(name: "KeelRunners", targets: ["KeelRunners"]),
    .library(name: "KeelLogs", targets: ["KeelLogs"]),
    .executable(name: "keel", targets: ["KeelCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
  ],
  targets: [
    .systemLibrary(
      name: "COpenBLAS", path: "Sources/COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(
      name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "CKernels",
      dependencies: [.target(name: "COpenBLAS", condition: .when(platforms: [.linux]))],
      path: "Sources/CKernels",
      // Compiled by inclusion, once for each level of the processor.
      exclude: ["Kernels"],
      linkerSettings: [
        .linkedLibrary("m", .when(platforms: [.linux])),
        .linkedFramework("Accelerate", .when(platforms: [.macOS])),
      ]),
    .target(name: "KeelEngine", dependencies: ["CKernels"], path: "Sources/Engine"),
    .target(name: "KeelSettings", dependencies: ["KeelEngine"], path: "Sources/Settings"),
    .target(
      name: "KeelData", dependencies: ["KeelSettings", "KeelEngine", "CZlib"], path: "Sources/Data"),
    .target(
      name: "KeelNetworks", dependencies: ["KeelSettings", "KeelEngine", "CKernels"],
      path: "Sources/Networks"),
    .target(
      name: "KeelRecipes",
      dependencies: ["KeelNetworks", "KeelData", "KeelSettings", "KeelEngine", "CKernels"],
      path: "Sources/Recipes"),
    .target(
      name: "KeelTraining",
      dependencies: [
        "KeelRecipes", "KeelNetworks", "KeelData", "KeelSettings", "KeelEngine", "CKernels",
      ],
      path: "Sources/Training"),
    .target(
      name: "KeelForecast",
      dependencies: [
        "KeelTraining", "KeelRecipes", "KeelNetworks", "KeelData", "KeelSettings", "KeelEngine",
        "CKernels",
      ],
      path: "Sources/Forecast"),
    .target(
      name: "KeelCauses",
      dependencies: [
        "KeelForecast", "KeelTraining", "KeelRecipes", "KeelNetworks", "KeelData", "KeelSettings",
        "KeelEngine",
      ],
      path: "Sources/Causes"),
    .target(
      name: "KeelFrameworks",
      dependencies: ["KeelRecipes", "KeelNetworks", "KeelData", "KeelSettings"],
      path: "Sources/Frameworks"),
    .target(
      name: "KeelRemedies",
      dependencies: [
        "KeelFrameworks", "KeelCauses", "KeelForecast", "KeelTraining", "KeelRecipes",
        "KeelNetworks", "KeelSettings", "KeelEngine",
      ],
      path: "Sources/Remedies"),
    .target(
      name: "KeelAuthoring",
      dependencies: [
        "KeelRemedies", "KeelFrameworks", "KeelCauses", "KeelForecast", "KeelTraining",
        "KeelRecipes", "KeelNetworks", "KeelData", "KeelSettings", "KeelEngine",
      ],
      path: "Sources/Authoring"),
    .target(
      name: "Keel",
      dependencies: [
        "KeelRemedies", "KeelFrameworks", "KeelCauses", "KeelForecast", "KeelTraining",
        "KeelRecipes", "KeelNetworks", "KeelData", "KeelSettings", "KeelEngine",
      ],
      path: "Sources/Keel"),
    .target(name: "CProcesses", path: "Sources/CProcesses"),
    .target(
      name: "KeelRunners",
      dependencies: [
        "KeelLogs", "KeelCauses", "KeelTraining", "KeelRecipes", "KeelNetworks", "KeelData",
        "KeelSettings", "KeelEngine", "CProcesses",
      ],
      path: "Sources/Runners"),
    .target(
      name: "KeelArchive",
      dependencies: [
        "KeelAuthoring", "KeelRunners", "KeelLogs", "CZlib", "Yams",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      path: "Sources/Archive"),
    .target(
      name: "KeelLogs",
      dependencies: ["KeelCauses", "KeelTraining", "KeelData", "KeelEngine"],
      path: "Sources/Logs"),
    // What GRDB adds to strings and sequences stays where it is imported.
    .target(
      name: "KeelReport",
      dependencies: ["KeelAuthoring", "KeelRunners", "KeelLogs", "KeelArchive"],
      path: "Sources/Report",
      swiftSettings: [.enableUpcomingFeature("MemberImportVisibility")]),
    .target(
      name: "KeelDashboard",
      dependencies: [
        "KeelAuthoring", "KeelArchive", "KeelReport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ],
      path: "Sources/Dashboard",
      // In the command itself: it is one file.
      resources: [.embedInCode("Assets/live.js"), .embedInCode("Assets/icon.svg")]),
    .executableTarget(
      name: "KeelCommand",
      dependencies: [
        "KeelAuthoring", "KeelRunners", "KeelLogs", "KeelArchive", "KeelReport", "KeelDashboard",
        "CProcesses",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/Command"),
    // Small apps, which see what anybody's app sees.
    .executableTarget(
      name: "readings", dependencies: ["Keel"], path: "Examples/Readings", packageAccess: false),
    // Benchmarks: a folder each, and what they share. They are no products.
    .target(
      name: "KeelBenchmarks",
      dependencies: [
        "KeelAuthoring", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/Common"),
    .executableTarget(
      name: "steps",
      dependencies: [
        "KeelAuthoring", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/Steps", exclude: ["unwatched.py"]),
    .executableTarget(
      name: "cases", dependencies: ["KeelBenchmarks", "KeelArchive"], path: "Benchmarks/Cases",
      exclude: ["Variants"]),
    .executableTarget(
      name: "trainings", dependencies: ["KeelBenchmarks", "KeelArchive"],
      path: "Benchmarks/Trainings"),
    .executableTarget(
      name: "advice", dependencies: ["KeelBenchmarks", "KeelArchive"], path: "Benchmarks/Advice"),
    .executableTarget(
      name: "archive",
      dependencies: [
        "KeelAuthoring", "KeelArchive",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/Archive", exclude: ["writers.py"]),
    .executableTarget(name: "matrix", dependencies: ["KeelBenchmarks"], path: "Benchmarks/Matrix"),
    // What makes the faults depends on nothing that is to judge them.
    .target(
      name: "KeelFaults", dependencies: ["KeelTraining", "KeelRecipes", "KeelEngine"],
      path: "Benchmarks/Faults/Generator"),
    .target(
      name: "KeelFaultJudge", dependencies: ["KeelFaults", "KeelBenchmarks"],
      path: "Benchmarks/Faults/Judge"),
    .executableTarget(
      name: "faults", dependencies: ["KeelFaultJudge"], path: "Benchmarks/Faults/Command"),
    .target(
      name: "KeelTestSupport", dependencies: ["KeelRecipes"], path: "Tests/Support"),
    .testTarget(
      name: "FaultsTests", dependencies: ["KeelFaultJudge", "faults", "KeelTestSupport"],
      path: "Tests/Benchmarks/Faults"),
    .testTarget(
      name: "EngineTests", dependencies: ["KeelTestSupport", "CKernels"], path: "Tests/Engine"),
    .testTarget(
      name: "SettingsTests", dependencies: ["KeelRecipes", "KeelTestSupport"],
      path: "Tests/Settings"),
    .testTarget(
      name: "DataTests", dependencies: ["KeelRecipes", "KeelTestSupport"], path: "Tests/Data"),
    .testTarget(
      name: "NetworksTests", dependencies: ["KeelTestSupport", "CKernels"], path: "Tests/Networks"),
    .testTarget(
      name: "RecipesTests", dependencies: ["KeelTestSupport", "CKernels", "CZlib"],
      path: "Tests/Recipes"),
    .target(name: "Allocations", path: "Tests/Allocations"),
    .testTarget(
      name: "TrainingTests",
      dependencies: ["KeelTraining", "KeelArchive", "KeelTestSupport", "Allocations"],
      path: "Tests/Training"),
    .testTarget(
      name: "CausesTests", dependencies: ["KeelCauses", "KeelTestSupport"], path: "Tests/Causes",
      exclude: ["Diagnosis/confusion-matrix.txt"]),
    .testTarget(
      name: "ForecastTests", dependencies: ["KeelForecast", "KeelArchive", "KeelTestSupport"],
      path: "Tests/Forecast"),
    .testTarget(name: "KeelTests", dependencies: ["KeelAuthoring"], path: "Tests/Keel"),
    .testTarget(
      name: "ArchiveTests",
      dependencies: [
        "KeelArchive", "KeelTestSupport", .product(name: "GRDB", package: "GRDB.swift"),
      ],
      path: "Tests/Archive"),
    .testTarget(
      name: "RunnersTests", dependencies: ["KeelRunners", "KeelAuthoring", "CProcesses"],
      path: "Tests/Runners"),
    // From outside: what is no product's public face is not there.
    .testTarget(
      name: "LibraryTests",
      dependencies: ["Keel", "KeelAuthoring", "KeelArchive", "AppleNames", "readings"],
      path: "Tests/Library",
      packageAccess: false),
    .target(name: "AppleNames", path: "Tests/AppleNames"),
    .testTarget(
      name: "LogsTests", dependencies: ["KeelLogs", "KeelAuthoring"], path: "Tests/Logs"),
    .testTarget(
      name: "ReportTests",
      dependencies: [
        "KeelReport", "KeelArchive", "KeelTestSupport",
        .product(name: "GRDB", package: "GRDB.swift"),
      ], path: "Tests/Report"),
    .testTarget(
      name: "DashboardTests",
      dependencies: [
        "KeelDashboard", "KeelArchive", "KeelAuthoring", "KeelCommand", "KeelTestSupport",
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ], path: "Tests/Dashboard"),
    .testTarget(
      name: "CommandTests", dependencies: ["KeelArchive", "KeelCommand", "KeelTestSupport"],
      path: "Tests/Command"),
    .testTarget(
      name: "RemediesTests", dependencies: ["KeelRemedies", "KeelArchive", "KeelTestSupport"],
      path: "Tests/Remedies", exclude: ["Fixes"]),
    .testTarget(
      name: "FrameworksTests",
      dependencies: ["KeelFrameworks", "KeelRemedies", "KeelArchive", "KeelTestSupport"],
      path: "Tests/Frameworks", exclude: ["Snapshots"]),
  ],
  swiftLanguageModes: [.v6])
