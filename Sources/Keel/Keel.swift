@_exported import KeelCauses
@_exported import KeelEngine
@_exported import KeelForecast
@_exported import KeelRecipes
@_exported import KeelRemedies
@_exported import KeelTraining
