// Everything public, for who adds a layer, a loss, a cause or another ingredient of their own.

@_exported import KeelCauses
@_exported import KeelData
@_exported import KeelEngine
@_exported import KeelForecast
@_exported import KeelFrameworks
@_exported import KeelNetworks
@_exported import KeelRecipes
@_exported import KeelRemedies
@_exported import KeelSettings
@_exported import KeelTraining
