namespace System.Collections;

public class ArrayList : IList, ICollection, IEnumerable, ICloneable
{
    public ArrayList() => throw null;
    public virtual Array ToArray(Type type) => throw null;
    public virtual IEnumerator GetEnumerator() => throw null;
    public virtual bool Contains(object value) => throw null;
    public virtual int Add(object value) => throw null;
    public virtual int BinarySearch(object value, IComparer comparer) => throw null;
    public virtual int IndexOf(object value) => throw null;
    public virtual int IndexOf(object value, int startIndex) => throw null;
    public virtual int IndexOf(object value, int startIndex, int count) => throw null;
    public virtual object Clone() => throw null;
    public virtual object[] ToArray() => throw null;
    public virtual void Clear() { }
    public virtual void CopyTo(Array array) { }
    public virtual void CopyTo(Array array, int index) { }
    public virtual void Insert(int index, object value) { }
    public virtual void Remove(object value) { }
    public virtual void RemoveAt(int index) { }
    public virtual bool IsFixedSize { get => throw null; }
    public virtual bool IsReadOnly { get => throw null; }
    public virtual bool IsSynchronized { get => throw null; }
    public virtual int Capacity { get => throw null; set { } }
    public virtual int Count { get => throw null; }
    public virtual object SyncRoot { get => throw null; }
    public virtual object this[int index] { get => throw null; set { } }
}

public interface ICollection : IEnumerable
{
    void CopyTo(Array array, int index);
    bool IsSynchronized { get; }
    int Count { get; }
    object SyncRoot { get; }
}

public interface IComparer
{
    int Compare(object x, object y);
}

public interface IEnumerable
{
    IEnumerator GetEnumerator();
}

public interface IEnumerator
{
    bool MoveNext();
    void Reset();
    object Current { get; }
}

public interface IEqualityComparer
{
    bool Equals(object x, object y);
    int GetHashCode(object obj);
}

public interface IList : ICollection, IEnumerable
{
    bool Contains(object value);
    int Add(object value);
    int IndexOf(object value);
    void Clear();
    void Insert(int index, object value);
    void Remove(object value);
    void RemoveAt(int index);
    bool IsFixedSize { get; }
    bool IsReadOnly { get; }
    object this[int index] { get; set; }
}
