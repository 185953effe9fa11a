"""The address of the documentation, for the links in diagrams of estimators."""

#: The address of a class's page, which may hold "{estimator_module}" and
#: "{estimator_name}": "https://…/generated/{estimator_module}.{estimator_name}.html".
#: Empty while the documentation has no address: then no diagram has a link.
TEMPLATE = ""


class DocumentationLinkMixin:
    """Link a class of skmm to its page, as scikit-learn's own classes are linked.

    It comes before scikit-learn's classes among the bases.
    """

    _doc_link_module = "skmm"

    @property
    def _doc_link_template(self):
        return TEMPLATE

    def _doc_link_url_param_generator(self):
        """Return where a class is public: a package of skmm, or skmm itself."""
        package, _, rest = type(self).__module__.partition(".")
        folder = rest.partition(".")[0]
        if folder and not folder.startswith("_"):
            package += f".{folder}"
        return {"estimator_module": package, "estimator_name": type(self).__name__}

    def _get_doc_link(self):
        return super()._get_doc_link() if self._doc_link_template else ""
