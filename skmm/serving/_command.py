"""``skmm serve``: a saved estimator over HTTP."""


def add_arguments(parser):
    """Add the arguments of the command to its parser.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    parser.add_argument("model", help="a file or folder that skmm.save wrote")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen at (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--port", type=int, default=8000, help="default: 8000; 0 takes a free one"
    )
    parser.add_argument(
        "--max-rows", type=int, default=1000, help="of a request (default: 1000)"
    )
    parser.add_argument(
        "--max-megabytes", type=int, default=32, help="of a request (default: 32)"
    )
    parser.add_argument(
        "--timeout", type=float, default=30.0, help="in seconds (default: 30)"
    )
    parser.set_defaults(run=run_serve)


def run_serve(args):
    """Load an estimator, and serve it until the process is interrupted.

    Parameters
    ----------
    args : argparse.Namespace
    """
    import skmm
    from skmm.serving import serve

    serve(
        skmm.load(args.model),
        host=args.host,
        port=args.port,
        max_rows=args.max_rows,
        max_bytes=args.max_megabytes * 2**20,
        timeout=args.timeout,
    )
