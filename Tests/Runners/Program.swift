import Foundation

/// Programs for a shell: engines that are right, and such as are not.
enum Program {
  /// Whether there is a program of that name.
  static func exists(_ name: String) -> Bool {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
  }

  /// An engine in shell: a loss that grows or falls tenfold with every step.
  /// - Parameters:
  ///   - isSick: whether it grows where nothing is changed.
  ///   - changes: what it says that it can change; a lower rate mends it, a clip is refused.
  ///   - instead: run in step 3 of a trial, before its line: `id`, `step` and `digits` are there.
  static func tenfold(
    isSick: Bool = true, changes: String = "\"set learning-rate\", \"clip\"", instead: String = ":"
  ) -> String {
    """
    number() { rest=${ask#*\\"$1\\":}; rest=${rest%%[!0-9]*}; echo "$rest"; }
    while read -r ask; do
      case $ask in
        *describe*) echo '{"engine": "shell", "steps": 200, "changes": [\(changes)],' \
          '"settings": {"learning-rate": \(isSick ? 3 : 0.1), "optimizer": "sgd"}}' ;;
        *trial*clip* | *clip*trial*)
          echo "{\\"id\\": $(number id), \\"end\\": \\"refused\\", \\"change\\": \\"clip\\"}" ;;
        *trial*)
          id=$(number id); steps=$(number steps); step=0; digits=4; sign=\(isSick ? "" : "-")
          case $ask in *learning-rate*) sign=- ;; esac
          while [ $step -lt $steps ] && [ "$sign$step" != 30 ]; do
            if [ $step = 3 ]; then \(instead); fi
            echo "{\\"id\\": $id, \\"step\\": $step, \\"loss\\": ${digits}e$sign$step}"
            step=$((step + 1))
          done
          echo "{\\"id\\": $id, \\"end\\": \\"ok\\"}" ;;
        *done*) exit ;;
      esac
    done
    """
  }
}

/// A folder of its own, gone with its owner.
final class Folder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent(
        "keel-\(UUID().uuidString)"
      ).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ text: String) throws {
    try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
  }
}
