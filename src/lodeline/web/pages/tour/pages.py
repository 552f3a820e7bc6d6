"""The addresses of the tours: in the demo alone."""

from lodeline.web.page import Page
from lodeline.web.pages.tour.tour import tour, tour_of

PAGES: tuple[Page, ...] = (
    Page(at="tour/", view=tour, name="tour", permission="anyone"),
    Page(at="tour/<str:who>/", view=tour_of, name="tour-of", permission="anyone"),
)
