// What a tracker has still to send, in this browser's own database: it outlives a reload, a closed page and a flat battery.

const NAME = "gateway-tracker";
const FIXES = "fixes";
const KEPT = "kept";

export class Queue {
  static async open() {
    const queue = new Queue();
    queue.database = await new Promise((opened, failed) => {
      const asked = indexedDB.open(NAME, 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore(FIXES, { keyPath: "n", autoIncrement: true });
        asked.result.createObjectStore(KEPT);
      };
      asked.onsuccess = () => opened(asked.result);
      asked.onerror = () => failed(asked.error);
    });
    return queue;
  }

  /** Add a fix under the id by which the gateway knows a repeat of it. */
  add(id, fix) {
    return this.within(FIXES, "readwrite", (store) => store.add({ id, fix }));
  }

  /** The oldest fix that has not been sent; undefined where all are. */
  async first() {
    return (await this.within(FIXES, "readonly", (store) => store.getAll(null, 1)))[0];
  }

  count() {
    return this.within(FIXES, "readonly", (store) => store.count());
  }

  remove(n) {
    return this.within(FIXES, "readwrite", (store) => store.delete(n));
  }

  clear() {
    return this.within(FIXES, "readwrite", (store) => store.clear());
  }

  /** The trip that is under way, with its token; undefined where none is. */
  trip() {
    return this.within(KEPT, "readonly", (store) => store.get("trip"));
  }

  keep(trip) {
    return this.within(KEPT, "readwrite", (store) => (trip ? store.put(trip, "trip") : store.delete("trip")));
  }

  /** Do one thing in a transaction of its own; what it gave, once that is on disk. */
  within(name, mode, act) {
    return new Promise((done, failed) => {
      const transaction = this.database.transaction(name, mode, { durability: "strict" });
      const asked = act(transaction.objectStore(name));
      transaction.oncomplete = () => done(asked.result);
      transaction.onerror = transaction.onabort = () => failed(transaction.error);
    });
  }
}
