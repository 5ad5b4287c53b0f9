import CKernels
import KeelEngine
import KeelSettings

/// A window's walk along one axis of an image.
package struct Walk: Hashable, Sendable {
  /// Pixels of the image, and of what is put around it.
  let extent, before, after: Int
  /// Pixels from a window's first tap to its last.
  let reach: Int
  let size, stride, dilation: Int

  package init(_ size: Int, stride: Int, dilation: Int = 1, padding: Padding, over extent: Int) {
    (self.size, self.stride, self.dilation, self.extent) = (size, stride, dilation, extent)
    reach = dilation * (size - 1) + 1
    switch padding {
    case .valid: (before, after) = (0, 0)
    case .pixels(let count): (before, after) = (count, count)
    case .same:
      let total = max(0, (extent - 1) / stride * stride + reach - extent)
      (before, after) = (total / 2, total - total / 2)
    }
  }

  var padded: Int { extent + before + after }

  /// How many windows there are; 0 where not even one fits.
  package var outputs: Int { padded < reach ? 0 : (padded - reach) / stride + 1 }

  /// Whether a pixel may be in no window: between taps, between windows, or behind the last one.
  var skips: Bool {
    dilation > 1 || stride > size || (outputs - 1) * stride + reach < extent + before
  }

  /// How many taps of a window lie inside the image, a mean over windows.
  package var tapsInside: Double {
    func taps(before pixel: Int) -> Int { min(size, max(0, (pixel + dilation - 1) / dilation)) }
    let sum = (0..<outputs).reduce(0) { sum, output in
      let start = output * stride - before
      return sum + taps(before: extent - start) - taps(before: -start)
    }
    return Double(sum) / Double(max(1, outputs))
  }
}

/// A square window on its walk over the pixels of an image [height, width, channels].
struct Window: Sendable {
  static let largest = 32_768
  let geometry: keel_window
  /// Whether a pixel may be in no window, so that a NaN there would go unnoticed.
  let skips: Bool

  /// - Throws: `KeelError` where the row is no image, or the window does not fit it.
  init(
    _ size: Int, stride: Int, dilation: Int = 1, padding: Padding, over image: Shape,
    in network: NetworkBuilder
  ) throws {
    let axes = try network.imageAxes(image)
    guard [size, stride, dilation].allSatisfy((1...Self.largest).contains),
      (0...Self.largest).contains(padding.pixels), max(axes[0], axes[1]) <= Int(Int32.max)
    else {
      throw network.error(
        "a window of \(size) × \(size), stride \(stride), dilation \(dilation), cannot walk over "
          + "[\(image)]", fix: "use settings from 1 to \(Self.largest)")
    }
    let walks = axes[..<2].map {
      Walk(size, stride: stride, dilation: dilation, padding: padding, over: $0)
    }
    let (down, across) = (walks[0], walks[1])
    guard down.outputs > 0, across.outputs > 0 else {
      throw network.error(
        "a window of \(down.reach) × \(down.reach) does not fit the padded image of "
          + "\(down.padded) × \(across.padded), [\(image)]",
        fix: "use a smaller window or dilation, or padding: same")
    }
    geometry = keel_window(
      height: axes[0], width: axes[1], channels: axes[2], output_height: down.outputs,
      output_width: across.outputs, size: size, stride: stride, dilation: dilation,
      top: down.before, left: across.before)
    skips = down.skips || across.skips
  }

  /// The image that comes out.
  func output(channels: Int) -> Shape {
    Shape(Int(geometry.output_height), Int(geometry.output_width), channels)
  }

  /// How many output pixels an image has.
  var pixels: Int { Int(geometry.output_height) * Int(geometry.output_width) }
}

extension NetworkBuilder {
  /// Height, width and channels of a row.
  /// - Throws: `KeelError` where it has not three axes.
  func imageAxes(_ shape: Shape) throws -> [Int] {
    guard shape.axes.count == 3 else {
      throw error(
        "takes images [height × width × channels], a row here is [\(shape)]",
        fix: "give the recipe an input of three axes, such as input: [28, 28, 1], and flatten later"
      )
    }
    return shape.axes
  }
}
