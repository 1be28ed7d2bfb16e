"""GridGIS in the browser: one file, both the ASGI application and the script that Streamlit runs.

``streamlit run app.py`` opens the county named by GRIDGIS_COUNTY, else ``county.gpkg`` in this folder.
"""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

if get_script_run_ctx(suppress_warning=True) is None:
    from app_pages.guarded import guards
    from app_pages.routes import routes
    from app_pages.starting import lifespan

    app = st.App(__file__, routes=routes(), lifespan=lifespan, middleware=guards())
else:
    from app_pages.shell import main

    main()
