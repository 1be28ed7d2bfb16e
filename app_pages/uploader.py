"""Our words on Streamlit's uploader, whose own are English only."""

from __future__ import annotations


def style(zone: str, choose: str, files: str, unfit: str) -> str:
    """Return a style sheet that gives an uploader its words.

    Parameters
    ----------
    zone
        Key of the container that holds the uploader.
    choose, files, unfit
        What stands on the button, below it, and beside a file that it refuses.
    """
    at = f".st-key-{zone}"
    drop = f"{at} [data-testid=stFileUploaderDropzoneInstructions] span"
    return (
        f"{at} section > span p,{drop}{{font-size:0}}{at} section > span p::after{{font-size:14px;content:'{choose}'}}"
        f"{drop}::after{{font-size:12.5px;content:'{files}'}}"
        f"{at} [aria-label='Add files'],[data-testid=stTooltipErrorContent]{{display:none}}"
        f"{at}:has([aria-invalid=true])::after{{color:#8f2a1f;font-size:12.5px;line-height:1.6;content:'{unfit}'}}"
    )
