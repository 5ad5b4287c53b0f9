import CKernels
import Testing

/// The direct convolution against the gathered one, which reference vectors hold.
@Suite struct ConvolutionTests {
  struct Form: CustomStringConvertible, Sendable {
    var height = 9
    var width = 11
    var channels = 8
    var filters = 16
    var size = 3
    var stride = 1
    var dilation = 1
    var padding = 1
    var groups = 1

    var description: String {
      "\(height)×\(width)×\(channels) to \(filters), \(size) by \(stride), dilation \(dilation), "
        + "padding \(padding), \(groups) groups"
    }

    var window: keel_window {
      func outputs(_ extent: Int) -> Int {
        (extent + 2 * padding - dilation * (size - 1) - 1) / stride + 1
      }
      return keel_window(
        height: height, width: width, channels: channels, output_height: outputs(height),
        output_width: outputs(width), size: size, stride: stride, dilation: dilation,
        top: padding, left: padding)
    }
  }

  static let forms: [Form] = [
    Form(), Form(channels: 1, filters: 32), Form(channels: 3, size: 5, padding: 2),
    Form(channels: 1, filters: 9, size: 11, padding: 5), Form(channels: 5, filters: 20),
    Form(channels: 16, filters: 33, padding: 0), Form(channels: 64, filters: 64),
    Form(channels: 20, stride: 2), Form(channels: 6, stride: 3, padding: 0),
    Form(height: 17, width: 17, channels: 4, size: 2, stride: 4, padding: 0),
    Form(channels: 7, filters: 40, dilation: 2, padding: 2),
    Form(channels: 12, stride: 2, dilation: 3, padding: 3),
    Form(channels: 24, filters: 48, groups: 3), Form(channels: 8, filters: 16, groups: 2),
    Form(height: 13, width: 40, channels: 4, filters: 8, size: 7, stride: 2, padding: 3),
    Form(height: 3, width: 3, channels: 16, filters: 17, padding: 2),
  ]

  @Test(arguments: forms, [0, 1] as [Int32]) func agree(_ form: Form, accumulates: Int32) {
    let (window, rows) = (form.window, 3)
    let pixels = window.output_height * window.output_width
    let depth = form.size * form.size * form.channels / form.groups
    let x = Self.numbers(rows * form.height * form.width * form.channels, 0.7)
    let weight = Self.numbers(form.filters * depth, 0.31)
    let bias = Self.numbers(form.filters, 1.3)
    let dy = Self.numbers(rows * pixels * form.filters, 0.53)
    let wantsInput = form.channels / form.groups >= 4
    #expect(
      keel_suits_direct_convolution(window, form.filters, form.groups, wantsInput ? 1 : 0) != 0)

    var columns = [Float](repeating: .nan, count: 64 * depth)
    var expected = [Float](repeating: .nan, count: dy.count)
    keel_convolution(
      window, form.filters, form.groups, x, weight, bias, &expected, &columns, 64, rows)
    var expectedWeight = [Float](repeating: .nan, count: weight.count)
    var expectedInput = Self.numbers(x.count, 0.9)
    keel_convolution_gradient(
      window, form.filters, form.groups, x, weight, dy, &expectedWeight, &expectedInput, &columns,
      64, rows, accumulates)

    let floats = keel_packed_floats(window, form.filters, form.groups)
    var packed = [Float](repeating: .nan, count: floats)
    keel_pack_weights(window, form.filters, form.groups, weight, 1, &packed)
    // What comes before was somebody else's.
    var room = [Float](
      repeating: .nan, count: keel_direct_floats(window, form.filters, form.groups))
    var y = [Float](repeating: .nan, count: dy.count)
    keel_direct_convolution(
      window, form.filters, form.groups, x, packed, bias, &y, &room, rows)
    var dWeight = [Float](repeating: .nan, count: weight.count)
    var dInput = Self.numbers(x.count, 0.9)
    room = room.map { _ in .nan }
    keel_direct_convolution_gradient(
      window, form.filters, form.groups, x, packed, dy, &dWeight, &dInput, &room, rows, accumulates)
    #expect(Self.difference(y, expected) < 1e-5)
    #expect(Self.difference(dWeight, expectedWeight) < 1e-5)
    #expect(Self.difference(dInput, expectedInput) < 1e-5)

    guard accumulates == 0 else { return }
    var bare = [Float](repeating: .nan, count: dy.count)
    keel_direct_convolution(
      window, form.filters, form.groups, x, packed, nil, &bare, &room, rows)
    for index in bare.indices { bare[index] += bias[index % form.filters] }
    #expect(Self.difference(bare, expected) < 1e-5)
  }

  /// Where it would be slow, take too much room, or not fit its tables.
  @Test func whatDoesNotSuit() {
    func suits(_ form: Form) -> Bool {
      keel_suits_direct_convolution(form.window, form.filters, form.groups, 1) != 0
    }
    #expect(suits(Form()))
    #expect(!suits(Form(size: 1, padding: 0)))
    #expect(!suits(Form(filters: 4)))
    #expect(!suits(Form(channels: 16, filters: 16, groups: 16)))
    #expect(!suits(Form(height: 20, width: 20, size: 12)))
    #expect(!suits(Form(height: 400, width: 400, channels: 8)))
    #expect(!suits(Form(height: 1 << 30, width: 1 << 30, channels: 1 << 20)))
  }

  private static func numbers(_ count: Int, _ speed: Float) -> [Float] {
    (0..<count).map { index in
      let phase = (Float(index) * speed + speed).truncatingRemainder(dividingBy: 3)
      return phase - 1.5 + Float(index % 7) * 0.05
    }
  }

  /// The largest difference, over the largest number.
  private static func difference(_ a: [Float], _ b: [Float]) -> Float {
    let scale = b.reduce(Float(1)) { max($0, abs($1)) }
    return zip(a, b).reduce(Float(0)) {
      let distance = abs($1.0 - $1.1) / scale
      return distance.isNaN ? .infinity : max($0, distance)
    }
  }
}
