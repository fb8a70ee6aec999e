/* One frame of a DICOM file as pixels: `{ values }` of grey, as they are stored, or `{ rgba }`. */

const loaded = {};

function once(name, load) {
  loaded[name] ||= load().catch((error) => { delete loaded[name]; throw error; });
  return loaded[name];
}

function script(url) {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = url;
    element.onload = resolve;
    element.onerror = () => reject(new Error("A part of this page could not be loaded. Check the connection and try again."));
    document.head.append(element);
  });
}

/* `parts` are the addresses of the decoders that are fetched only when a file needs them. */
export async function decode(image, frame, parts) {
  const size = image.rows * image.columns * image.samples;
  const pixels = await raw(image, frame, size, parts);
  if (pixels.rgba) return pixels;
  const { bytes, bits = image.bits, colours = image.colours } = pixels;
  if (bytes.byteLength < size * (bits / 8)) throw new Error("The file ends before its image does: it is not complete.");
  if (image.samples === 3) return { rgba: coloured(bytes, image, colours) };
  const values = grey(bytes, image, bits, size);
  return colours === "PALETTE COLOR" ? { rgba: painted(values, image) } : { values };
}

async function raw(image, frame, size, parts) {
  if (image.coding === "plain" || image.coding === "big-endian") return { bytes: plain(image, frame, size) };
  const packed = fragment(image, frame);
  if (image.coding === "rle") return { bytes: unpacked(packed, image), isPlanar: false };
  if (image.coding === "jpeg") return jpeg(packed, image);
  if (image.coding === "lossless") return lossless(packed, image, parts);
  return wavelets(packed, image, parts);
}

function plain(image, frame, size) {
  const element = image.dataSet.elements.x7fe00010;
  const perFrame = size * (image.bits / 8);
  // YBR_FULL_422 stores two pixels in four bytes.
  const length = image.colours === "YBR_FULL_422" ? (perFrame / 3) * 2 : perFrame;
  const start = image.dataSet.byteArray.byteOffset + element.dataOffset + frame * length;
  const end = start + length;
  if (end > image.dataSet.byteArray.byteOffset + image.dataSet.byteArray.byteLength) throw new Error("The file ends before its image does: it is not complete.");
  const bytes = new Uint8Array(image.dataSet.byteArray.buffer.slice(start, end));
  if (image.coding === "big-endian" && image.bits === 16) {
    for (let at = 0; at < bytes.length; at += 2) [bytes[at], bytes[at + 1]] = [bytes[at + 1], bytes[at]];
  }
  return image.colours === "YBR_FULL_422" ? widened(bytes) : bytes;
}

function widened(bytes) {
  const all = new Uint8Array((bytes.length / 2) * 3);
  for (let from = 0, to = 0; from < bytes.length; from += 4, to += 6) {
    all.set([bytes[from], bytes[from + 2], bytes[from + 3], bytes[from + 1], bytes[from + 2], bytes[from + 3]], to);
  }
  return all;
}

/* The bytes of one compressed frame. */
function fragment(image, frame) {
  const { dataSet } = image;
  const element = dataSet.elements.x7fe00010;
  if (!element.fragments?.length) throw new Error("The file says that it is compressed, but is not.");
  if (image.frames === 1) return dicomParser.readEncapsulatedPixelDataFromFragments(dataSet, element, 0, element.fragments.length);
  if (element.basicOffsetTable?.length) return dicomParser.readEncapsulatedImageFrame(dataSet, element, frame);
  if (element.fragments.length === image.frames) return dicomParser.readEncapsulatedPixelDataFromFragments(dataSet, element, frame);
  return dicomParser.readEncapsulatedImageFrame(dataSet, element, frame, dicomParser.createJPEGBasicOffsetTable(dataSet, element));
}

/* Run lengths: planes of one byte each, the highest first (PS3.5 annex G). */
function unpacked(packed, image) {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const area = image.rows * image.columns;
  const depth = image.bits / 8;
  const planes = view.getUint32(0, true);
  const bytes = new Uint8Array(area * depth * image.samples);
  for (let plane = 0; plane < planes; plane += 1) {
    const sample = Math.floor(plane / depth);
    const byte = depth - 1 - (plane % depth);
    const end = plane + 1 < planes ? view.getUint32(8 + plane * 4, true) : packed.length;
    let to = 0;
    const put = (value) => { if (to < area) bytes[(to * image.samples + sample) * depth + byte] = value; to += 1; };
    for (let from = view.getUint32(4 + plane * 4, true); from < end && to < area;) {
      const run = view.getInt8(from);
      from += 1;
      if (run >= 0) for (let n = 0; n <= run; n += 1, from += 1) put(packed[from]);
      else if (run > -128) { for (let n = 0; n <= -run; n += 1) put(packed[from]); from += 1; }
    }
  }
  image.isPlanar = false;
  return bytes;
}

/* The browser's own decoder: eight bits. */
async function jpeg(packed, image) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob([packed], { type: "image/jpeg" }), { colorSpaceConversion: "none" });
  } catch {
    throw new Error("This JPEG has more than eight bits, which browsers do not show.");
  }
  const canvas = document.createElement("canvas");
  canvas.width = image.columns;
  canvas.height = image.rows;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const rgba = context.getImageData(0, 0, image.columns, image.rows).data;
  if (image.samples === 3) return { rgba };
  const bytes = new Uint8Array(image.rows * image.columns);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = rgba[at * 4];
  return { bytes, bits: 8 };
}

async function lossless(packed, image, parts) {
  const { Decoder } = await once("lossless", () => import(parts.lossless));
  const depth = image.bits <= 8 ? 1 : 2;
  const answer = new Decoder().decode(packed.buffer, packed.byteOffset, packed.byteLength, depth);
  image.isPlanar = false;
  const bytes = answer instanceof ArrayBuffer ? new Uint8Array(answer) : new Uint8Array(answer.buffer, answer.byteOffset, answer.byteLength);
  return { bytes, bits: depth * 8 };
}

async function wavelets(packed, image, parts) {
  const is2000 = image.coding === "jpeg-2000";
  const codec = await once(image.coding, async () => {
    await script(is2000 ? parts.openjpeg : parts.charls);
    const make = is2000 ? window.OpenJPEGWASM : window.CharLSWASM;
    return make({ locateFile: (name) => (name.endsWith(".wasm") ? (is2000 ? parts.openjpegWasm : parts.charlsWasm) : name) });
  });
  const decoder = is2000 ? new codec.J2KDecoder() : new codec.JpegLSDecoder();
  try {
    decoder.getEncodedBuffer(packed.length).set(packed);
    decoder.decode();
    const bits = decoder.getFrameInfo().bitsPerSample <= 8 ? 8 : 16;
    image.isPlanar = false;
    // Their memory is used again: the pixels are copied out.
    return { bytes: decoder.getDecodedBuffer().slice(), bits, colours: image.samples === 3 ? "RGB" : image.colours };
  } finally {
    decoder.delete();
  }
}

function grey(bytes, image, bits, size) {
  const whole = bytes.byteOffset % 4 ? bytes.slice() : bytes;
  if (bits === 32) return new (image.isSigned ? Int32Array : Uint32Array)(whole.buffer, whole.byteOffset, size);
  const unsigned = bits === 8 ? whole.subarray(0, size) : new Uint16Array(whole.buffer, whole.byteOffset, size);
  const stored = Math.min(image.stored, bits);
  // Bits above the stored ones may carry overlays; the sign stands in the highest stored one.
  const mask = 2 ** stored - 1;
  if (!image.isSigned) {
    if (stored < bits) for (let at = 0; at < size; at += 1) unsigned[at] &= mask;
    return unsigned;
  }
  const values = new Int16Array(size);
  const sign = 2 ** (stored - 1);
  for (let at = 0; at < size; at += 1) { const value = unsigned[at] & mask; values[at] = value >= sign ? value - 2 * sign : value; }
  return values;
}

function coloured(bytes, image, colours) {
  const area = image.rows * image.columns;
  const rgba = new Uint8ClampedArray(area * 4);
  const isLuma = colours.startsWith("YBR_FULL");
  for (let at = 0; at < area; at += 1) {
    const [a, b, c] = image.isPlanar ? [bytes[at], bytes[area + at], bytes[2 * area + at]] : [bytes[at * 3], bytes[at * 3 + 1], bytes[at * 3 + 2]];
    rgba[at * 4] = isLuma ? a + 1.402 * (c - 128) : a;
    rgba[at * 4 + 1] = isLuma ? a - 0.344136 * (b - 128) - 0.714136 * (c - 128) : b;
    rgba[at * 4 + 2] = isLuma ? a + 1.772 * (b - 128) : c;
    rgba[at * 4 + 3] = 255;
  }
  return rgba;
}

function painted(values, image) {
  const tables = ["1", "2", "3"].map((n) => palette(image.dataSet, `x0028110${n}`, `x0028120${n}`));
  const rgba = new Uint8ClampedArray(values.length * 4);
  for (let at = 0; at < values.length; at += 1) {
    tables.forEach((table, n) => { rgba[at * 4 + n] = table(values[at]); });
    rgba[at * 4 + 3] = 255;
  }
  return rgba;
}

function palette(dataSet, described, data) {
  const [count, first, bits] = [0, 1, 2].map((n) => dataSet.uint16(described, n));
  const total = count || 65536;
  const isByte = dataSet.elements[data].length === total;
  return (value) => {
    const at = Math.min(Math.max(value - first, 0), total - 1);
    if (isByte) return dataSet.byteArray[dataSet.elements[data].dataOffset + at];
    const entry = dataSet.uint16(data, at);
    return bits === 16 ? entry >> 8 : entry;
  };
}
