"""What the scripts have in common."""

import importlib
import json
import sys
import tempfile
from pathlib import Path

import grpc
from grpc_tools import protoc


OPTIONS = [("grpc.enable_http_proxy", 0)]


def stubs(folder):
    """Python's modules of every file of a folder, by protobuf package."""
    made = tempfile.mkdtemp()
    files = [str(path.relative_to(folder)) for path in Path(folder).rglob("*.proto")]
    include = Path(protoc.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{folder}", f"-I{include}"]
    arguments += [f"--python_out={made}", f"--grpc_python_out={made}", *files]
    if protoc.main(arguments) != 0:
        sys.exit("protoc refuses the files")
    # Python has packages of some of these names itself; those of a regular
    # package that comes first win.
    for top in filter(Path.is_dir, Path(made).iterdir()):
        (top / "__init__.py").touch()
    sys.path.insert(0, made)
    modules = {}
    for file in files:
        module = file.removesuffix(".proto").replace("/", ".").replace("-", "_")
        messages = importlib.import_module(f"{module}_pb2")
        package = messages.DESCRIPTOR.package
        modules[package] = (messages, importlib.import_module(f"{module}_pb2_grpc"))
    return modules


def raised(call):
    """What a call fails with, and with how many messages of details."""
    try:
        call()
        return "nothing"
    except grpc.RpcError as error:
        details = [value for key, value in error.trailing_metadata() or () if key == "grpc-status-details-bin"]
        return {"code": error.code().name, "text": error.details(), "details": len(details)}


def run(steps):
    """Prints what each public method of `steps` gives, as one JSON object."""
    names = [name for name in vars(type(steps)) if not name.startswith("_")]
    print(json.dumps({name.replace("_", " "): getattr(steps, name)() for name in names}))
