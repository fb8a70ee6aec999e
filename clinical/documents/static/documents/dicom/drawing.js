/* Stored values to what a screen shows, by a window: `centre` and `width` in the file's own unit (Hounsfield for CT). */

/* Answers the lowest and highest value, and a window that leaves out the outermost hundredths. */
export function rangeOf(pixels, image) {
  if (!pixels.values) return { low: 0, high: 255, usual: { centre: 128, width: 256 } };
  const { values } = pixels;
  const step = Math.max(1, Math.floor(values.length / 200000));
  const sample = [];
  for (let at = 0; at < values.length; at += step) if (values[at] !== image.padding) sample.push(values[at]);
  const sorted = Float64Array.from(sample.length ? sample : [0]).sort();
  const real = (value) => value * image.slope + image.intercept;
  const at = (share) => real(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]);
  const [low, high] = [at(0), at(1)].sort((a, b) => a - b);
  const [from, until] = [at(0.01), at(0.99)].sort((a, b) => a - b);
  return { low, high, usual: { centre: (from + until) / 2 + 0.5, width: Math.max(until - from, 1) + 1 } };
}

function shade(value, { centre, width }, curve) {
  if (curve === "SIGMOID") return 255 / (1 + Math.exp((-4 * (value - centre)) / width));
  if (curve === "LINEAR_EXACT") return ((value - centre) / width + 0.5) * 255;
  return width > 1 ? ((value - (centre - 0.5)) / (width - 1) + 0.5) * 255 : value > centre - 0.5 ? 255 : 0;
}

function tableOf(image, window, isInverted) {
  const count = 65536;
  const offset = image.isSigned ? 32768 : 0;
  const table = new Uint8ClampedArray(count);
  for (let at = 0; at < count; at += 1) {
    const y = shade((at - offset) * image.slope + image.intercept, window, image.curve);
    table[at] = isInverted ? 255 - y : y;
  }
  return { table, offset };
}

/* Draws the pixels, one to one, into `canvas`. */
export function draw(canvas, pixels, image, window, isInverted) {
  canvas.width = image.columns;
  canvas.height = image.rows;
  const context = canvas.getContext("2d");
  const shown = context.createImageData(image.columns, image.rows);
  if (pixels.rgba) {
    const isAsStored = window.centre === 128 && window.width === 256 && !isInverted;
    if (isAsStored) shown.data.set(pixels.rgba);
    else {
      const { table } = tableOf({ ...image, isSigned: false, slope: 1, intercept: 0, curve: "LINEAR" }, window, isInverted);
      for (let at = 0; at < pixels.rgba.length; at += 1) shown.data[at] = at % 4 === 3 ? 255 : table[pixels.rgba[at]];
    }
  } else {
    const isDark = isInverted !== (image.colours === "MONOCHROME1");
    const words = new Uint32Array(shown.data.buffer);
    const { values } = pixels;
    if (image.bits === 32) {
      for (let at = 0; at < values.length; at += 1) {
        const y = Math.min(255, Math.max(0, Math.round(shade(values[at] * image.slope + image.intercept, window, image.curve))));
        words[at] = 0xff000000 | ((isDark ? 255 - y : y) * 0x010101);
      }
    } else {
      const { table, offset } = tableOf(image, window, isDark);
      for (let at = 0; at < values.length; at += 1) words[at] = 0xff000000 | (table[values[at] + offset] * 0x010101);
    }
  }
  context.putImageData(shown, 0, 0);
}

/* How the image lies in the frame: fitted, then moved, turned, mirrored. Answers canvas pixels from image pixels. */
export function placed(image, view, width, height) {
  const stretch = image.spacing ? image.spacing.down / image.spacing.across : 1;
  const [across, down] = view.turns % 2 ? [image.rows * stretch, image.columns] : [image.columns, image.rows * stretch];
  const scale = Math.min(width / across, height / down) * view.zoom;
  return new DOMMatrix()
    .translateSelf(width / 2 + view.x, height / 2 + view.y)
    .rotateSelf(view.turns * 90)
    .scaleSelf(view.isFlipped ? -scale : scale, scale * stretch)
    .translateSelf(-image.columns / 2, -image.rows / 2);
}

/* The length between two points of the image, in words. */
export function lengthOf({ from, to }, image) {
  const across = to.x - from.x;
  const down = to.y - from.y;
  const { spacing } = image;
  if (!spacing || spacing.isShape) return `${Math.hypot(across, down).toFixed(0)} px`;
  const length = Math.hypot(across * spacing.across, down * spacing.down);
  return `${length.toFixed(length < 100 ? 1 : 0)} mm${spacing.isDetector ? " at the detector" : ""}`;
}
