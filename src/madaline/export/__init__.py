"""MODEL -> ELSEWHERE: an ONNX file, or a folder that needs NumPy alone."""
