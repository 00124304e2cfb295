"""Quarterdeck: the server where it is started, and the page where a browser opens one."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

if get_script_run_ctx(suppress_warning=True) is None:  # started by `streamlit run` or by an ASGI server
    from streamlit.runtime.pages_manager import PagesManager

    from orchestrator_adapter import settings
    from orchestrator_adapter.api.front import front

    # else the folder pages/ is taken for Streamlit's own, and the first address of a cold server is "not found"
    PagesManager.uses_pages_directory = False

    _front = front(settings.read())
    # a literal call: `streamlit run` finds the application by reading this file
    app = st.App(__file__, routes=_front.routes, middleware=_front.middleware, lifespan=_front.lifespan)
else:
    from pages.ui.frame import main

    main()
