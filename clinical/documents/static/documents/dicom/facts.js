/* What a medical image says of itself, in words, and whether it says another person than the record. */

const KINDS = {
  CR: "X-ray", DX: "X-ray", RG: "X-ray", XA: "Angiography", CT: "CT", MR: "MRI", US: "Ultrasound", NM: "Nuclear medicine", PT: "PET",
  BMD: "Bone density", MG: "Mammography", RF: "Fluoroscopy", IO: "Dental X-ray", PX: "Dental X-ray", OT: "Other", SC: "Screen copy",
  ES: "Endoscopy", XC: "Photograph", GM: "Microscopy", OP: "Eye photograph", OCT: "OCT",
};
const SIDES = { L: "Left", R: "Right", B: "Both sides", U: "Unpaired" };
const SEXES = { M: "Male", F: "Female", O: "Other" };
const day = new Intl.DateTimeFormat("en-AU", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

export function dayOf(text) {
  const found = /^(\d{4})[.-]?(\d{2})[.-]?(\d{2})/.exec(text || "");
  return found ? `${found[1]}-${found[2]}-${found[3]}` : "";
}

const shownDay = (text) => (dayOf(text) ? day.format(new Date(`${dayOf(text)}T00:00:00Z`)) : text);

/* "North^Ada^Mary^^Dr=…" → { family, given, shown } */
export function nameOf(text) {
  const [family = "", given = "", middle = ""] = (text || "").split("=")[0].split("^").map((part) => part.trim());
  return { family, given, shown: [given, middle, family].filter(Boolean).join(" ") || text || "" };
}

const words = (text) => (text || "").normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().split(/[^\p{L}]+/u).filter(Boolean);

function isOneOf(said, known) {
  return said.some((word) => known.includes(word)) || said.join("") === known.join("");
}

/* Answers what speaks against the image being this person's: "name", "born", both, or nothing. */
export function differences(facts, person) {
  const found = [];
  const name = nameOf(facts.name);
  const all = words(name.shown);
  if (all.length) {
    const families = [...words(person.family), ...words(person.former)];
    const givens = [...words(person.given), ...words(person.preferred), ...words(person.former)];
    // Some senders write the whole name into one part, or swap the two.
    const isFamily = !families.length || isOneOf(all, families);
    const isGiven = !givens.length || all.length === 1 || isOneOf(all, givens) || (name.given.length === 1 && givens.some((word) => word.startsWith(words(name.given)[0])));
    if (!isFamily || !isGiven) found.push("name");
  }
  const born = dayOf(facts.born);
  if (born && person.born && born !== person.born) found.push("born");
  return found;
}

export function warningOf(facts, person) {
  const unlike = differences(facts, person);
  if (!unlike.length) return null;
  const said = [nameOf(facts.name).shown || "nobody by name", facts.born && `born ${shownDay(facts.born)}`].filter(Boolean).join(", ");
  const known = [person.shown, person.born ? `born ${shownDay(person.born)}` : "no date of birth"].join(", ");
  const what = unlike.length === 2 ? "Another name and date of birth" : unlike[0] === "name" ? "Another name" : "Another date of birth";
  return { title: `${what} in the image`, text: `The file says ${said}. This record is of ${known}. Make sure that the image belongs here before you rely on it.` };
}

export function pairs(image) {
  const { facts } = image;
  const spacing = image.spacing && !image.spacing.isShape
    ? `${image.spacing.across.toPrecision(3)} × ${image.spacing.down.toPrecision(3)} mm${image.spacing.isDetector ? ", at the detector" : ""}` : "Not given: lengths are in pixels";
  return [
    ["Patient", nameOf(facts.name).shown], ["Born", shownDay(facts.born)], ["Sex", SEXES[facts.sex] || facts.sex], ["Number there", facts.patientId],
    ["Taken", shownDay(facts.studyDate)], ["Study", facts.study], ["Series", facts.series], ["Kind", KINDS[facts.modality] || facts.modality],
    ["Part of the body", facts.part], ["Side", SIDES[facts.side] || facts.side], ["View", facts.view], ["Slice", facts.thickness && `${Number(facts.thickness)} mm`],
    ["Taken by", facts.institution], ["Asked by", nameOf(facts.referrer).shown], ["Accession", facts.accession], ["Machine", facts.maker],
    ["Pixels", `${image.columns} × ${image.rows}${image.samples === 1 ? `, ${image.stored} bits` : ", colour"}${facts.isMarkedLossy ? ", compressed with loss" : ""}`], ["Size of a pixel", spacing],
  ].filter(([, value]) => value);
}

export const kindOf = (facts) => KINDS[facts.modality] || "Medical image";
