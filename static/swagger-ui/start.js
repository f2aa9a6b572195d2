// Shows this service's own description; no other host is asked for anything.
window.addEventListener("load", () => {
  const place = document.getElementById("docs");
  window.ui = SwaggerUIBundle({
    url: place.dataset.openapi,
    domNode: place,
    deepLinking: true,
    validatorUrl: null,
  });
});
