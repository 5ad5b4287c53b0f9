import Foundation
import KeelArchive
import KeelAuthoring
import KeelRecipes
import Testing

/// Either the new file is there, or the old one still is. The full disk is in `ExitCodeTests`.
@Suite struct AtomicFileTests {
  @Test func replacesAFileAndLeavesNothingElse() throws {
    let scratch = try Scratch()
    try scratch.write("a", "old")
    try AtomicFile.write(Data("new".utf8), to: scratch("a"))
    #expect(try String(contentsOfFile: scratch("a"), encoding: .utf8) == "new")
    try AtomicFile.write(Data(), to: scratch("b"))
    #expect(try scratch.contents == ["a", "b"])
  }

  @Test func takesTheLongestNameThereIs() throws {
    let scratch = try Scratch()
    let name = String(repeating: "n", count: 255)
    try AtomicFile.write(Data("x".utf8), to: scratch(name))
    #expect(try scratch.contents == [name])
  }

  @Test func writesThroughALink() throws {
    let scratch = try Scratch()
    try scratch.write("real", "old")
    try FileManager.default.createSymbolicLink(
      atPath: scratch("link"), withDestinationPath: scratch("real"))
    try AtomicFile.write(Data("new".utf8), to: scratch("link"))
    #expect(try String(contentsOfFile: scratch("real"), encoding: .utf8) == "new")
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: scratch("link")) == scratch("real"))
  }

  /// A link to a file that is not there yet is followed, too.
  @Test func writesThroughALinkToNothing() throws {
    let scratch = try Scratch()
    for (link, target) in [("far", scratch("real")), ("near", "other"), ("chain", "near")] {
      try FileManager.default.createSymbolicLink(
        atPath: scratch(link), withDestinationPath: target)
    }
    try AtomicFile.write(Data("new".utf8), to: scratch("far"))
    try AtomicFile.write(Data("new".utf8), to: scratch("chain"))
    #expect(try scratch.contents == ["chain", "far", "near", "other", "real"])
    for name in ["real", "other"] {
      #expect(try String(contentsOfFile: scratch(name), encoding: .utf8) == "new")
    }
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: scratch("chain")) == "near")
  }

  /// A file keeps its rights; a new one has those of any file.
  @Test(arguments: [0o600, 0o640, 0o444]) func keepsTheRightsThereAre(_ mode: Int) throws {
    let scratch = try Scratch()
    func rights(of name: String) throws -> Int {
      let attributes = try FileManager.default.attributesOfItem(atPath: scratch(name))
      return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
    }
    try scratch.write("a", "old")
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: scratch("a"))
    try AtomicFile.write(Data("new".utf8), to: scratch("a"))
    try AtomicFile.write(Data("new".utf8), to: scratch("b"))
    #expect(try rights(of: "a") == mode)
    #expect(try rights(of: "b") == 0o644)
  }

  /// Who keeps a run in a file has it alone, whatever name it goes by, and leaves nothing behind.
  @Test func aLockIsForOne() throws {
    let scratch = try Scratch()
    try FileManager.default.createSymbolicLink(
      atPath: scratch("link"), withDestinationPath: scratch("model"))
    var lock: FileLock? = try FileLock(scratch("model"))
    for name in ["model", "link"] {
      let error = try failure { _ = try FileLock(scratch(name)) }
      #expect(error.kind == .unwritable && error.what == "is being written by another process")
    }
    _ = try FileLock(scratch("another"))
    // Its own writes go on.
    try AtomicFile.write(Data("new".utf8), to: scratch("model"))
    #expect(lock != nil)
    lock = nil
    _ = try FileLock(scratch("link"))
    #expect(try scratch.contents == ["link", "model"])
  }

  /// What a process that was killed while it wrote leaves behind, the next one writes over.
  @Test func cleansUpAfterAKilledProcess() throws {
    let scratch = try Scratch()
    try AtomicFile.write(Data("old".utf8), to: scratch("a"))
    let left = scratch.temporary("a")
    try scratch.write(left, "half of something much longer")
    try AtomicFile.write(Data("new".utf8), to: scratch("a"))
    #expect(try String(contentsOfFile: scratch("a"), encoding: .utf8) == "new")
    #expect(try scratch.contents == ["a"])
  }

  @Test func doesNotMixWithAnotherProcess() throws {
    let scratch = try Scratch()
    try scratch.write("a", "old")
    let left = scratch.temporary("a")
    let other = open(scratch(left), O_RDWR | O_CREAT, 0o644)
    #expect(flock(other, LOCK_EX) == 0)
    let error = try failure { try AtomicFile.write(Data("new".utf8), to: scratch("a")) }
    #expect(error.what == "is being written by another process")
    #expect(try String(contentsOfFile: scratch("a"), encoding: .utf8) == "old")
    close(other)
    try AtomicFile.write(Data("new".utf8), to: scratch("a"))
    #expect(try scratch.contents == ["a"])
  }

  private func refusal(_ path: String) throws -> KeelError {
    let check = try failure { try AtomicFile.check(path) }
    let write = try failure { try AtomicFile.write(Data("x".utf8), to: path) }
    #expect(check == write)
    #expect(check.kind == .unwritable)
    return write
  }

  @Test func refusesAFolderThatIsNotThere() throws {
    let scratch = try Scratch()
    #expect(
      try refusal(scratch("no/a")).description
        == "\(scratch("no/a")): the folder \(scratch("no")) is not there; create it, or name another"
    )
    #expect(try scratch.contents.isEmpty)
  }

  @Test func refusesAFileInTheFoldersPlace() throws {
    let scratch = try Scratch()
    try scratch.write("file", "x")
    #expect(
      try refusal(scratch("file/a")).what == "the folder \(scratch("file")) is not there")
  }

  @Test func refusesAFolder() throws {
    let scratch = try Scratch()
    #expect(
      try refusal(scratch.path).description == "\(scratch.path): is a folder; name a file in it")
  }

  /// As root a rename would put a file in the place of /dev/null.
  @Test func refusesWhatIsNoFile() throws {
    let scratch = try Scratch()
    #expect(mkfifo(scratch("pipe"), 0o600) == 0)
    #expect(
      try refusal(scratch("pipe")).description == "\(scratch("pipe")): is not a file; name another")
    #expect(try scratch.contents == ["pipe"])
  }

  /// Found before anything is trained, as what is no file is.
  @Test func refusesWhatCannotBeNamed() throws {
    let scratch = try Scratch()
    for (link, target) in [("one", "two"), ("two", "one")] {
      try FileManager.default.createSymbolicLink(atPath: scratch(link), withDestinationPath: target)
    }
    #expect(try refusal(scratch("one")).what.hasPrefix("cannot be written ("))
    let long = scratch(String(repeating: "n", count: 256))
    #expect(try refusal(long).what.hasPrefix("cannot be written ("))
    // A link of the system's own, to something that has no path.
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    #expect(try refusal("/dev/fd/\(ends[1])").what == "is not a file")
  }

  @Test(.enabled(if: getuid() != 0, "root may write anywhere"))
  func refusesAFolderThatMayNotBeWritten() throws {
    let scratch = try Scratch()
    #expect(chmod(scratch.path, 0o500) == 0)
    defer { chmod(scratch.path, 0o700) }
    #expect(
      try refusal(scratch("a")).what == "cannot be written (Permission denied)")
  }
}

extension Scratch {
  /// What a file is written as before it gets its name.
  fileprivate func temporary(_ name: String) -> String {
    var sum = Checksum()
    sum.add(name)
    return ".keel-\(sum.text)"
  }
}
