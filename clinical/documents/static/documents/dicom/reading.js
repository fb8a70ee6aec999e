/* A DICOM file as values: who and what it is of, how its pixels are to be read. Bytes in, plain objects out. */

const PIXELS = "x7fe00010";
const HUNDRED_MB = 100 * 1000 * 1000;

const CHARSETS = {
  "ISO_IR 192": "utf-8", "ISO_IR 100": "windows-1252", "ISO_IR 101": "iso-8859-2", "ISO_IR 109": "iso-8859-3",
  "ISO_IR 110": "iso-8859-4", "ISO_IR 144": "iso-8859-5", "ISO_IR 127": "iso-8859-6", "ISO_IR 126": "iso-8859-7",
  "ISO_IR 138": "iso-8859-8", "ISO_IR 148": "windows-1254", "ISO_IR 13": "shift_jis", "ISO_IR 166": "windows-874",
  GB18030: "gb18030", GBK: "gbk",
};

const SYNTAXES = {
  "1.2.840.10008.1.2": "plain", "1.2.840.10008.1.2.1": "plain", "1.2.840.10008.1.2.1.99": "plain",
  "1.2.840.10008.1.2.2": "big-endian", "1.2.840.10008.1.2.5": "rle",
  "1.2.840.10008.1.2.4.50": "jpeg", "1.2.840.10008.1.2.4.51": "jpeg",
  "1.2.840.10008.1.2.4.57": "lossless", "1.2.840.10008.1.2.4.70": "lossless",
  "1.2.840.10008.1.2.4.80": "jpeg-ls", "1.2.840.10008.1.2.4.81": "jpeg-ls",
  "1.2.840.10008.1.2.4.90": "jpeg-2000", "1.2.840.10008.1.2.4.91": "jpeg-2000",
};
const DEFLATED = "1.2.840.10008.1.2.1.99";
const FILMS = /^1\.2\.840\.10008\.1\.2\.4\.10\d/;

/* What cannot be shown; its message is for the person. */
export class CannotShow extends Error {}

export async function read(buffer) {
  const dataSet = await parsed(new Uint8Array(buffer));
  const image = describe(dataSet);
  if (!dataSet.elements[PIXELS]) throw new CannotShow(noPixels(image.facts.modality));
  if (!image.coding) {
    throw new CannotShow(FILMS.test(image.syntax)
      ? "This file holds a film (MPEG), which this page does not play."
      : `The pixels are compressed in a way this page does not know (${image.syntax}).`);
  }
  check(image);
  return { ...image, dataSet, bytes: buffer.byteLength };
}

/* Only what stands before the pixels: enough to put the files of a series in order. */
export async function readHead(buffer) {
  return describe(await parsed(new Uint8Array(buffer), PIXELS));
}

function noPixels(modality) {
  return { SR: "This file is a report in DICOM's own form, not an image.", KO: "This file only points at other images.",
    PR: "This file only says how another image is to be shown." }[modality] || "This file has no image in it.";
}

async function parsed(bytes, untilTag) {
  const options = untilTag ? { untilTag } : {};
  const whole = withPreamble(bytes);
  try {
    if (!whole) return bare(bytes, options);
    const meta = dicomParser.readPart10Header(whole);
    const syntax = meta.string("x00020010");
    if (syntax === DEFLATED) {
      const inflated = await inflate(whole, meta.position);
      options.inflater = () => inflated;
    }
    return dicomParser.parseDicom(whole, options);
  } catch (error) {
    // A file cut off while it was copied still has its head: what was read so far comes along.
    if (error?.dataSet?.elements?.[PIXELS] || (untilTag && error?.dataSet)) return error.dataSet;
    throw new CannotShow("This file is damaged or not complete: its content does not follow the DICOM standard.");
  }
}

/* Some senders leave out the 128 empty bytes at the start; a few the whole head. */
function withPreamble(bytes) {
  if (String.fromCharCode(...bytes.slice(128, 132)) === "DICM") return bytes;
  if (bytes[0] !== 2 || bytes[1] !== 0) return null;
  const whole = new Uint8Array(bytes.length + 132);
  whole.set([68, 73, 67, 77], 128);
  whole.set(bytes, 132);
  return whole;
}

function bare(bytes, options) {
  const isExplicit = /^[A-Z]{2}$/.test(String.fromCharCode(bytes[4], bytes[5]));
  const stream = new dicomParser.ByteStream(dicomParser.littleEndianByteArrayParser, bytes);
  const dataSet = new dicomParser.DataSet(stream.byteArrayParser, bytes, {});
  const parse = isExplicit ? dicomParser.parseDicomDataSetExplicit : dicomParser.parseDicomDataSetImplicit;
  parse(dataSet, stream, bytes.length, options);
  return dataSet;
}

async function inflate(whole, position) {
  const stream = new Blob([whole.subarray(position)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const rest = new Uint8Array(await new Response(stream).arrayBuffer());
  const inflated = new Uint8Array(position + rest.length);
  inflated.set(whole.subarray(0, position));
  inflated.set(rest, position);
  return inflated;
}

function check({ rows, columns, samples, bits, frames }) {
  if (!rows || !columns) throw new CannotShow("The file does not say how large its image is.");
  if (rows * columns > HUNDRED_MB) throw new CannotShow(`The image is too large for this page (${columns} × ${rows}).`);
  if (![1, 3].includes(samples) || ![8, 16, 32].includes(bits) || (samples === 3 && bits !== 8)) {
    throw new CannotShow(`Images of ${samples} × ${bits} bits are not shown here.`);
  }
  if (frames < 1) throw new CannotShow("The file says that it has no frames.");
}

function describe(dataSet) {
  const text = texts(dataSet);
  const number = (tag, otherwise = 0) => { const found = dataSet.uint16(tag); return found === undefined ? otherwise : found; };
  const numbers = (tag) => (text(tag) ? text(tag).split("\\").map(Number).filter(Number.isFinite) : []);
  const syntax = dataSet.string("x00020010") || "1.2.840.10008.1.2";
  const bits = number("x00280100", 8);
  return {
    syntax,
    coding: SYNTAXES[syntax] || "",
    rows: number("x00280010"),
    columns: number("x00280011"),
    samples: number("x00280002", 1),
    bits,
    stored: number("x00280101", bits),
    isSigned: number("x00280103") === 1,
    isPlanar: number("x00280006") === 1,
    colours: text("x00280004") || "MONOCHROME2",
    frames: Number(text("x00280008")) || 1,
    slope: numbers("x00281053")[0] || 1,
    intercept: numbers("x00281052")[0] || 0,
    windows: windows(numbers("x00281050"), numbers("x00281051"), text("x00281055")),
    curve: text("x00281056") || "LINEAR",
    padding: dataSet.elements.x00280120 ? (number("x00280103") === 1 ? dataSet.int16("x00280120") : number("x00280120")) : null,
    spacing: spacing(numbers),
    perSecond: numbers("x00181063")[0] ? 1000 / numbers("x00181063")[0] : numbers("x00180040")[0] || numbers("x00082144")[0] || 10,
    series: text("x0020000e"),
    seriesNumber: numbers("x00200011")[0] ?? 0,
    number: numbers("x00200013")[0] ?? null,
    position: numbers("x00200032"),
    facts: facts(text),
  };
}

function texts(dataSet) {
  const charset = (dataSet.string("x00080005") || "").split("\\").map((name) => name.replace("ISO 2022 IR", "ISO_IR")).filter(Boolean)[0];
  const decoder = new TextDecoder(CHARSETS[charset] || "windows-1252");
  return (tag) => {
    const element = dataSet.elements[tag];
    if (!element || !element.length) return "";
    const bytes = dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
    return decoder.decode(bytes).replace(/\0/g, "").trim();
  };
}

function windows(centres, widths, explained) {
  const names = explained.split("\\");
  return centres.flatMap((centre, at) => (widths[at] >= 1 ? [{ centre, width: widths[at], name: names[at]?.trim() || "" }] : []));
}

/* Millimetres between the middles of neighbouring pixels, [down, across], and where they were taken. */
function spacing(numbers) {
  const inPatient = numbers("x00280030");
  const onDetector = numbers("x00181164");
  const isGood = (pair) => pair.length === 2 && pair.every((value) => value > 0);
  if (isGood(inPatient)) {
    const isCalibrated = !isGood(onDetector) || inPatient.some((value, at) => Math.abs(value - onDetector[at]) > 1e-4);
    return { down: inPatient[0], across: inPatient[1], isDetector: !isCalibrated };
  }
  if (isGood(onDetector)) return { down: onDetector[0], across: onDetector[1], isDetector: true };
  const shape = numbers("x00280034");
  return isGood(shape) ? { down: shape[0], across: shape[1], isShape: true } : null;
}

function facts(text) {
  return {
    name: text("x00100010"), born: text("x00100030"), sex: text("x00100040"), patientId: text("x00100020"),
    study: text("x00081030"), studyDate: text("x00080020") || text("x00080023"), series: text("x0008103e"), modality: text("x00080060"),
    part: text("x00180015"), side: text("x00200062") || text("x00200060"), view: text("x00185101"), institution: text("x00080080"),
    referrer: text("x00080090"), accession: text("x00080050"), maker: [text("x00080070"), text("x00081090")].filter(Boolean).join(", "),
    isMarkedLossy: text("x00282110") === "01", thickness: text("x00180050"),
  };
}
