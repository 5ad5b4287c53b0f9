/// Rows of inputs without targets, for a network that is already trained.
public struct NewRows: Sendable {
  /// One row of numbers an element.
  public let rows: [[Float]]

  /// The columns that training used, by name; other columns are passed over.
  ///
  /// Without names it is every column, in order.
  /// - Throws: `KeelError` as `csv` does.
  public init(csv path: String, columns: [String]?) throws {
    let names = ColumnNames(columns ?? ["*"])
    let (values, width) = try Table.columns(names, of: DataFile(path, in: ""))
    rows = Self.split(values, width)
  }

  /// Images of bytes, each divided by what training divided it by.
  /// - Throws: `KeelError` as `idx` does.
  public init(idx path: String, divide: Double) throws {
    let images = try IDXFile(DataFile(path, in: ""), as: .images)
    rows = Self.split(images.bytes.map { Float(Double($0) / divide) }, images.shape.count)
  }

  private static func split(_ values: [Float], _ width: Int) -> [[Float]] {
    stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }
  }
}
