// A deep chain of residual layers on a regression, by gradient descent; it tells its loss on
// standard error, as a logger does, with a progress bar's returns.
import Foundation

func argument(_ name: String) -> Double {
  let words = CommandLine.arguments
  guard let place = words.firstIndex(of: name), place + 1 < words.count,
    let value = Double(words[place + 1])
  else { fatalError("\(name) is missing") }
  return value
}

var state = UInt64(argument("--seed")) &* 0x9E37_79B9_7F4A_7C15 &+ 1
func uniform() -> Double {
  state ^= state << 13
  state ^= state >> 7
  state ^= state << 17
  return (Double(state >> 11) + 1) / 9_007_199_254_740_994
}
func gauss() -> Double { (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()) }

let (rate, scale) = (argument("--learning-rate"), argument("--init-scale"))
let (momentum, targets) = (argument("--momentum"), argument("--target-scale"))
let (depth, width, rows, batch) = (6, 10, 128, 16)
let steps = Int(argument("--steps"))
let x = (0..<rows).map { _ in (0..<width).map { _ in gauss() } }
let y = x.map { row in targets * (sin(row[0]) + 0.5 * row[1] - 0.5 * row[2]) }
let std = scale / Double(width).squareRoot()
var weights = (0..<depth).map { _ in (0..<width * width).map { _ in std * gauss() } }
var last = (0..<width).map { _ in std * gauss() }
var speeds = weights.map { $0.map { _ in 0.0 } }
var lastSpeed = last.map { _ in 0.0 }

for step in 0..<steps {
  var gradients = weights.map { $0.map { _ in 0.0 } }
  var lastGradient = last.map { _ in 0.0 }
  var loss = 0.0
  for _ in 0..<batch {
    let row = min(rows - 1, Int(uniform() * Double(rows)))
    var states = [x[row]]
    var slopes: [[Double]] = []
    for layer in weights {
      let input = states[states.count - 1]
      var (output, slope) = (input, input)
      for i in 0..<width {
        var sum = 0.0
        for j in 0..<width { sum += layer[i * width + j] * input[j] }
        output[i] += max(0, sum)
        slope[i] = sum > 0 ? 1 : 0
      }
      states.append(output)
      slopes.append(slope)
    }
    let top = states[depth]
    let error = zip(top, last).reduce(0) { $0 + $1.0 * $1.1 } - y[row]
    loss += error * error / Double(batch)
    let pull = 2 * error / Double(batch)
    var back = last.map { pull * $0 }
    for i in 0..<width { lastGradient[i] += pull * top[i] }
    for layer in (0..<depth).reversed() {
      var next = back
      for i in 0..<width where slopes[layer][i] > 0 {
        for j in 0..<width {
          gradients[layer][i * width + j] += back[i] * states[layer][j]
          next[j] += weights[layer][i * width + j] * back[i]
        }
      }
      back = next
    }
  }
  FileHandle.standardError.write(Data("\r[\(step + 1)/\(steps)] loss=\(loss), ok\r".utf8))
  for layer in 0..<depth {
    for i in 0..<width * width {
      speeds[layer][i] = momentum * speeds[layer][i] + gradients[layer][i]
      weights[layer][i] -= rate * speeds[layer][i]
    }
  }
  for i in 0..<width {
    lastSpeed[i] = momentum * lastSpeed[i] + lastGradient[i]
    last[i] -= rate * lastSpeed[i]
  }
}
