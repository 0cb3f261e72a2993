// The queue of reports in IndexedDB, shared by pages and the service worker. An item is bound to who wrote it.

export interface Part { name: string; value: string | Blob; file?: string }
export type Waiting = "waiting" | "refused" | "old";
/** madeAt: server's time when it was pressed, as far as the phone knew it. */
export interface Item {
  key: string; person: string; world: string; url: string; title: string; parts: Part[]; madeAt: string;
  state: Waiting; why: string; todo: string;
}
/** A report that arrived; kept a day for its writer to see. */
export interface Sent { key: string; person: string; title: string; madeAt: string; gotAt: string; to: string }

const NAME = "fengsui-queue", DAY_MS = 86_400_000;

function database(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("items", { keyPath: "key" });
      asked.result.createObjectStore("sent", { keyPath: "key" });
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error ?? new Error("IndexedDB"));
  });
}

/** Run in one transaction; resolves when it is on the disk, not before. */
async function within<T>(stores: string[], mode: IDBTransactionMode, run: (t: IDBTransaction) => IDBRequest<T> | void): Promise<T | undefined> {
  const db = await database();
  try {
    return await new Promise<T | undefined>((resolve, reject) => {
      const t = db.transaction(stores, mode, { durability: "strict" }), asked = run(t);
      t.oncomplete = () => resolve(asked ? asked.result : undefined);
      t.onerror = t.onabort = () => reject(t.error ?? new Error("IndexedDB"));
    });
  } finally {
    db.close();
  }
}

export const put = (item: Item): Promise<unknown> => within(["items"], "readwrite", (t) => void t.objectStore("items").put(item));
export const discard = (key: string): Promise<unknown> => within(["items"], "readwrite", (t) => void t.objectStore("items").delete(key));

/** The waiting items of one person, in the order in which they were written. */
export async function waiting(person: string): Promise<Item[]> {
  const all = (await within<Item[]>(["items"], "readonly", (t) => t.objectStore("items").getAll() as IDBRequest<Item[]>)) ?? [];
  return all.filter((each) => each.person === person).sort((a, b) => a.madeAt.localeCompare(b.madeAt));
}

/** Out of the queue and among the sent, in one step. */
export const arrived = (item: Item, sent: Sent): Promise<unknown> => within(["items", "sent"], "readwrite", (t) => {
  t.objectStore("items").delete(item.key);
  t.objectStore("sent").put(sent);
});

export async function sentBy(person: string): Promise<Sent[]> {
  const all = (await within<Sent[]>(["sent"], "readonly", (t) => t.objectStore("sent").getAll() as IDBRequest<Sent[]>)) ?? [];
  const old = all.filter((each) => Date.now() - Date.parse(each.gotAt) > DAY_MS);
  if (old.length) await within(["sent"], "readwrite", (t) => { for (const each of old) t.objectStore("sent").delete(each.key); });
  return all.filter((each) => each.person === person && !old.includes(each)).sort((a, b) => b.gotAt.localeCompare(a.gotAt));
}
