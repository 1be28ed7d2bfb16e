"""What leaves the screen: signboards, atlas, change forms, reports, call lists; set by Typst from templates."""
