"""The paper's tables and claims as data, with what checks them; the tests import it too."""
