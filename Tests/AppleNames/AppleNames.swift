// What Apple's frameworks export, by name alone: on Linux there are none to import.

// SwiftUI
public enum Alignment {}
public enum Anchor {}
public enum Angle {}
public enum Animation {}
public enum App {}
public enum Axis {}
public enum Binding {}
public enum Button {}
public enum Canvas {}
public enum Capsule {}
public enum Circle {}
public enum Color {}
public enum Divider {}
public enum Edge {}
public enum Ellipse {}
public enum Environment {}
public enum Font {}
public enum Form {}
public enum Gradient {}
public enum Grid {}
public enum Group {}
public enum Image {}
public enum Label {}
public enum Layout {}
public enum Link {}
public enum List {}
public enum Material {}
public enum Menu {}
public enum Namespace {}
public enum Path {}
public enum Picker {}
public enum Rectangle {}
public enum Scene {}
public enum Section {}
public enum Settings {}
public enum Shape {}
public enum Slider {}
public enum Spacer {}
public enum State {}
public enum Stepper {}
public enum Table {}
public enum Text {}
public enum Toggle {}
public enum Transaction {}
public enum View {}
public enum Visibility {}
public enum Window {}

// Combine
public enum Empty {}
public enum Fail {}
public enum Future {}
public enum Just {}
public enum Publisher {}
public enum Record {}
public enum Subject {}

// RegexBuilder
public enum Capture {}
public enum ChoiceOf {}
public enum Local {}
public enum Lookahead {}
public enum One {}
public enum Optionally {}
public enum Reference {}
public enum Repeat {}

// Charts and TabularData
public enum Chart {}
public enum Column {}
public enum DataFrame {}
public enum Plot {}

// StoreKit, AppIntents, FoundationModels
public enum Instructions {}
public enum Parameter {}
public enum Product {}
public enum Prompt {}
public enum Tool {}

// a framework's own name
public enum Accelerate {}
public enum Charts {}
public enum CoreML {}
public enum Metal {}
public enum Network {}
public enum Observation {}

// what apps are used to call their own
public enum Field {}
public enum Layer {}
public enum Step {}
