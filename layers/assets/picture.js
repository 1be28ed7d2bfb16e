// A button that keeps an SVG as PNG; the browser draws it, whose fonts know every script.
export default function (component) {
  const { data, parentElement } = component;
  const button = parentElement.querySelector("button");
  button.textContent = data.label;
  button.onclick = () => {
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = image.width * 2;
      canvas.height = image.height * 2;
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      const link = document.createElement("a");
      link.download = data.name;
      link.href = canvas.toDataURL("image/png");
      link.click();
      parentElement.dataset.saved = data.name;
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(data.svg);
  };
}
