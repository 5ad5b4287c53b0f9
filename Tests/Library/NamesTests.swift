import AppleNames
import Keel
import Testing

/// What `import Keel` brings has no name that an app's other imports bring, too: it would have to
/// be told apart in every line. That this compiles is the test.
struct NamesTests {
  private static let names: [Any.Type] = [
    Alignment.self, Anchor.self, Angle.self, Animation.self, App.self, Axis.self, Binding.self,
    Button.self, Canvas.self, Capsule.self, Circle.self, Color.self, Divider.self, Edge.self,
    Ellipse.self, Environment.self, Font.self, Form.self, Gradient.self, Grid.self, Group.self,
    Image.self, Label.self, Layout.self, Link.self, List.self, Material.self, Menu.self,
    Namespace.self, Path.self, Picker.self, Rectangle.self, Scene.self, Section.self, Settings.self,
    Shape.self, Slider.self, Spacer.self, State.self, Stepper.self, Table.self, Text.self,
    Toggle.self, Transaction.self, View.self, Visibility.self, Window.self, Empty.self, Fail.self,
    Future.self, Just.self, Publisher.self, Record.self, Subject.self, Capture.self, ChoiceOf.self,
    Local.self, Lookahead.self, One.self, Optionally.self, Reference.self, Repeat.self, Chart.self,
    Column.self, DataFrame.self, Plot.self, Instructions.self, Parameter.self, Product.self,
    Prompt.self, Tool.self, Accelerate.self, Charts.self, CoreML.self, Metal.self, Network.self,
    Observation.self, Field.self, Layer.self, Step.self,
  ]

  @Test func noneIsAmbiguous() {
    #expect(Self.names.allSatisfy { "\(String(reflecting: $0))".hasPrefix("AppleNames.") })
  }
}
