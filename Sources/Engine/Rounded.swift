import Foundation

/// Two digits: a number that a person would write.
package func rounded(_ value: Double) -> Double { Double(String(format: "%.1e", value)) ?? value }
