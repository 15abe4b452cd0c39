namespace System.Collections;

public class DictionaryEntry
{
    internal DictionaryEntry() { }
    public object Key;
    public object Value;
    public DictionaryEntry(object key, object value) => throw null;
}

public class Hashtable : ICloneable, IDictionary, ICollection, IEnumerable
{
    public Hashtable() => throw null;
    public Hashtable(int capacity) => throw null;
    public Hashtable(int capacity, float loadFactor) => throw null;
    public IEnumerator GetEnumerator() => throw null;
    public bool Contains(object key) => throw null;
    public object Clone() => throw null;
    public void Add(object key, object value) { }
    public void Clear() { }
    public void CopyTo(Array array, int arrayIndex) { }
    public void Remove(object key) { }
    public ICollection Keys { get => throw null; }
    public ICollection Values { get => throw null; }
    public bool IsFixedSize { get => throw null; }
    public bool IsReadOnly { get => throw null; }
    public bool IsSynchronized { get => throw null; }
    public int Count { get => throw null; }
    public object SyncRoot { get => throw null; }
    public object this[object key] { get => throw null; set { } }
}

public interface IDictionary : ICollection, IEnumerable
{
    bool Contains(object key);
    void Add(object key, object value);
    void Clear();
    void Remove(object key);
    ICollection Keys { get; }
    ICollection Values { get; }
    bool IsFixedSize { get; }
    bool IsReadOnly { get; }
    object this[object key] { get; set; }
}

public interface IDictionaryEnumerator : IEnumerator
{
    DictionaryEntry Entry { get; }
    object Key { get; }
    object Value { get; }
}

public class Queue : ICollection, IEnumerable, ICloneable
{
    public Queue() => throw null;
    public virtual IEnumerator GetEnumerator() => throw null;
    public virtual bool Contains(object obj) => throw null;
    public virtual object Clone() => throw null;
    public virtual object Dequeue() => throw null;
    public virtual object Peek() => throw null;
    public virtual object[] ToArray() => throw null;
    public virtual void Clear() { }
    public virtual void CopyTo(Array array, int index) { }
    public virtual void Enqueue(object obj) { }
    public virtual bool IsSynchronized { get => throw null; }
    public virtual int Count { get => throw null; }
    public virtual object SyncRoot { get => throw null; }
}

public class Stack : ICollection, IEnumerable, ICloneable
{
    public Stack() => throw null;
    public virtual IEnumerator GetEnumerator() => throw null;
    public virtual bool Contains(object obj) => throw null;
    public virtual object Clone() => throw null;
    public virtual object Peek() => throw null;
    public virtual object Pop() => throw null;
    public virtual object[] ToArray() => throw null;
    public virtual void Clear() { }
    public virtual void CopyTo(Array array, int index) { }
    public virtual void Push(object obj) { }
    public virtual bool IsSynchronized { get => throw null; }
    public virtual int Count { get => throw null; }
    public virtual object SyncRoot { get => throw null; }
}
