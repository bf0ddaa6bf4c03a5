// What is played and not acknowledged survives here until it is: in IndexedDB, which holds much and never blocks
// the picture. localStorage has the last word when the page goes (nothing else is written in time), and stands in
// where there is no IndexedDB. No clock is asked: a device may be years wrong, and only the academy knows what is
// too old.
import { createStore, del, entries, get, set } from "../vendor/idb-keyval.js";

const PREFIX = "duxue.beats.";
const PATIENCE = 3000; // some engines never answer the first request
const db = createStore("duxue", "beats");
const local = new Set(); // what this page has put into localStorage
let broken = typeof indexedDB === "undefined";

function soon(promise) {
  return Promise.race([
    promise,
    new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error("IndexedDB does not answer")), PATIENCE);
    }),
  ]);
}

function toLocal(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
    if (value === null) local.delete(key);
    else local.add(key);
  } catch (error) {
    // No storage at all (full, forbidden): it still waits in this page.
  }
}

// `value`: {lease, media, seq, n, ranges}, or null when nothing waits any more. `n` rises with every writing.
export async function keep(id, value) {
  const key = PREFIX + id;
  if (!broken) {
    try {
      await soon(value === null ? del(key, db) : set(key, value, db));
      if (local.has(key)) toLocal(key, null);
      return;
    } catch (error) {
      broken = true;
    }
  }
  toLocal(key, value);
}

// The last word of a page that goes: it is written when this returns.
export function keepNow(id, value) {
  toLocal(PREFIX + id, value);
  if (!broken) set(PREFIX + id, value, db).catch(() => {});
}

export async function forget(id) {
  toLocal(PREFIX + id, null);
  await keep(id, null);
}

function sound(value) {
  return Boolean(value) && typeof value.lease === "string" && Array.isArray(value.ranges);
}

function fromLocal(add) {
  try {
    for (let index = 0; index < localStorage.length; index += 1) {
      const key = localStorage.key(index);
      if (!key.startsWith(PREFIX)) continue;
      let value = null;
      try {
        value = JSON.parse(localStorage.getItem(key));
      } catch (error) {
        continue; // not ours
      }
      add(key, value);
    }
  } catch (error) {
    // No localStorage: then nothing lies there.
  }
}

// [[id, value]] of all that waits, also of pages long gone; of two writings the newer.
export async function kept() {
  const found = new Map();
  const add = (key, value) => {
    if (typeof key !== "string" || !key.startsWith(PREFIX) || !sound(value)) return;
    const id = key.slice(PREFIX.length);
    const known = found.get(id);
    if (!known || (known.n || 0) < (value.n || 0)) found.set(id, value);
  };
  if (!broken) {
    try {
      for (const [key, value] of await soon(entries(db))) add(key, value);
    } catch (error) {
      broken = true;
    }
  }
  fromLocal(add);
  return Array.from(found);
}

// Small things beside the beats (why a part did not count, shown again after a reload); losing one is no loss.
export async function remember(key, value) {
  if (!broken) await set(key, value, db).catch(() => {});
}

export async function recall(key) {
  if (broken) return undefined;
  try {
    return await soon(get(key, db));
  } catch (error) {
    return undefined;
  }
}
