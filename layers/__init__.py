"""The layers of the map: what each one shows, in which style, and the page that holds them.

folium builds the page once; the data come by URL and are put into the page as text, never as HTML.
Nothing here knows Streamlit or the store.
"""
