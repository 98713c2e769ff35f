"""Compiles every `.proto` file of a folder into one file of descriptors.

    descriptors.py FOLDER FILE
"""

import sys
from pathlib import Path

from grpc_tools import protoc

folder, file = sys.argv[1:]
include = Path(protoc.__file__).parent / "_proto"
protos = [str(path.relative_to(folder)) for path in Path(folder).rglob("*.proto")]
arguments = ["protoc", f"-I{folder}", f"-I{include}", "--include_imports"]
sys.exit(protoc.main([*arguments, f"--descriptor_set_out={file}", *protos]))
